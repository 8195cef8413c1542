"""Raises its limits and asks never to be killed for memory.

Ends as: Failed, MemoryError or LimitExceeded or ValueError
Timeout: 30s
"""

import os
import resource


def run() -> None:
    try:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("-1000")
    except OSError:
        pass
    for kind in (resource.RLIMIT_DATA, resource.RLIMIT_NOFILE, resource.RLIMIT_CPU):
        try:
            resource.setrlimit(kind, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        except (OSError, ValueError):
            pass
    kept = []
    for _ in range(200):
        kept.append(bytearray(b"x") * (16 * 1024 * 1024))
    os._exit(0)
