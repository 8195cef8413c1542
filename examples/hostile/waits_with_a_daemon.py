"""Leaves a daemon without mark and parent, and never ends itself.

Ends as: TimedOut
"""

import os
import time


def run() -> None:
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execve("/bin/sleep", ["sleep", "600"], {})
        os._exit(0)
    os.wait()
    time.sleep(600)
