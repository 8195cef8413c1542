"""Exits with an object that can't be printed.

Ends as: Failed, SystemExit
"""

import sys


class Nasty:
    def __str__(self) -> str:
        raise ValueError


def run() -> None:
    sys.exit(Nasty())  # type: ignore[arg-type]
