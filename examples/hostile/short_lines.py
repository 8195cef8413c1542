"""Prints half a million short lines.

Ends as: Succeeded
Timeout: 120s
"""


def run() -> None:
    for number in range(500_000):
        print(number)
