"""Writes over the mark by which its processes are found, and leaves a daemon.

Ends as: Succeeded
"""

import ctypes
import os
import time


def own_environment() -> tuple[int, int]:
    """Where the system reads the variables of this process: from an address, so many bytes."""
    with open("/proc/self/stat") as file:
        start, end = file.read().rpartition(")")[2].split()[47:49]
    return int(start), int(end) - int(start)


def run() -> None:
    start, size = own_environment()
    ctypes.memset(start, ord("x"), size - 1)
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(600)
        os._exit(0)
    os.wait()
