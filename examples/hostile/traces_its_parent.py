"""Attaches a debugger to the process that made it.

Ends as: Succeeded
"""

import ctypes
import os


def run() -> dict[str, bool]:
    ptrace_attach = 16
    libc = ctypes.CDLL(None)
    attached = libc.ptrace(ptrace_attach, os.getppid(), None, None) == 0
    return {"attached": attached}
