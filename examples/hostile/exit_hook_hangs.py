"""Returns, and hangs in a hook at the end of the interpreter.

Ends as: TimedOut
"""

import atexit
import time


def run() -> None:
    atexit.register(time.sleep, 600)
