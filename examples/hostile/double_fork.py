"""Leaves a daemon with a session of its own and no parent.

Ends as: Succeeded
"""

import os
import time


def run() -> None:
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(600)
        os._exit(0)
    os.wait()
