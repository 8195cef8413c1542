"""Prints a line of 200 MB that does not end.

Ends as: Succeeded
Timeout: 60s
"""

import sys


def run() -> None:
    for _ in range(200):
        sys.stdout.write("x" * 1_000_000)
