"""Fills its folder with files.

Ends as: Failed, LimitExceeded
Timeout: 30s
"""

import time


def run() -> None:
    for number in range(200):
        with open(f"part-{number}", "wb") as file:
            file.write(b"x" * 1024 * 1024)
    time.sleep(600)
