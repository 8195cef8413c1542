"""Kills, traces, mounts and reads beyond its folder, confined.

Ends as: Succeeded
Isolation: L2
"""

import ctypes
import os
import signal


def refused(work: object, *arguments: object) -> bool:
    try:
        result = work(*arguments)  # type: ignore[operator]
    except PermissionError:
        return True
    return result == -1


def run() -> None:
    libc = ctypes.CDLL(None)
    assert refused(os.kill, os.getppid(), signal.SIGKILL)
    assert refused(libc.ptrace, 16, os.getppid(), None, None)
    assert refused(libc.mount, b"none", b"/mnt", b"tmpfs", 0, None)
    assert refused(os.listdir, "/root")
    assert refused(open, "/etc/passwd-", "w")
