"""Kills the process that made it.

Ends as: Failed, Signal
"""

import os
import signal
import time


def run() -> None:
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(600)
