"""Writes one file without an end.

Ends as: Failed, OSError
Timeout: 30s
"""


def run() -> None:
    with open("large", "wb", buffering=0) as file:
        while True:
            file.write(b"x" * 1024 * 1024)
