"""Leaves a daemon that is another program and has an empty environment.

Ends as: Succeeded
"""

import os


def run() -> None:
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execve("/bin/sleep", ["sleep", "600"], {})
        os._exit(0)
    os.wait()
