"""Forks, and its children fork, without an end.

Ends as: TimedOut, or Failed, LimitExceeded
"""

import os


def run() -> None:
    while True:
        try:
            os.fork()
        except OSError:
            pass
