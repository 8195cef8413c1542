"""Takes more memory step by step.

Ends as: Failed, MemoryError or LimitExceeded
Timeout: 30s
"""

import time


def run() -> None:
    kept = []
    while True:
        kept.append(bytearray(b"x") * (8 * 1024 * 1024))
        time.sleep(0.002)
