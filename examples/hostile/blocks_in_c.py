"""Calls a function in C that never comes back, and keeps the interpreter's lock.

Ends as: TimedOut
"""

import collections
import itertools


def run() -> None:
    collections.deque(itertools.repeat(0), maxlen=0)
