"""Calls itself until the stack of the process is full.

Ends as: Failed, Signal or RecursionError
"""

import sys


class Deep:
    def __getattr__(self, name: str) -> object:
        return getattr(Deep(), name)


def run() -> None:
    sys.setrecursionlimit(10**9)
    Deep().deeper  # noqa: B018
