"""Starts threads without an end.

Ends as: Failed, RuntimeError or LimitExceeded, or TimedOut
"""

import threading
import time


def run() -> None:
    for _ in range(3000):
        threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
    time.sleep(600)
