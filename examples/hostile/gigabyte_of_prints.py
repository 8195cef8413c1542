"""Prints a gigabyte.

Ends as: Succeeded
Timeout: 120s
"""


def run() -> None:
    line = "x" * 9_999
    for _ in range(100_000):
        print(line)
