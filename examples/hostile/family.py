"""Has forty children, each with a session of its own.

Ends as: TimedOut
"""

import os
import time


def run() -> None:
    for _ in range(40):
        if os.fork() == 0:
            os.setsid()
            time.sleep(600)
    time.sleep(600)
