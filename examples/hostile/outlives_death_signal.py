"""Gives up the signal that would kill it with its parent, and never ends.

Ends as: TimedOut
"""

import ctypes


def run() -> None:
    ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)
    while True:
        pass
