"""Raises what raises something worse when its text is asked for.

Ends as: Failed, Nasty
"""


class Nasty(Exception):
    def __str__(self) -> str:
        raise SystemExit(0)

    __repr__ = __str__


def run() -> None:
    raise Nasty
