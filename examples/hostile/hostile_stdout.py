"""Replaces its standard output by an object that fails at every use.

Ends as: Failed, Nasty
"""

import sys
from typing import Any


class Nasty(BaseException):
    pass


class Stream:
    def __getattr__(self, name: str) -> Any:
        raise Nasty(name)


def run() -> None:
    sys.stdout = sys.stderr = Stream()  # type: ignore[assignment]
    print("never seen")
