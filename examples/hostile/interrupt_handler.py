"""Forks in its own handler of the interrupt, and goes on.

Ends as: TimedOut
"""

import os
import signal
import time


def run() -> None:
    def handler(*_: object) -> None:
        os.fork()

    signal.signal(signal.SIGINT, handler)
    while True:
        time.sleep(60)
