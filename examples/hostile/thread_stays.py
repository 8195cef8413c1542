"""Returns, and leaves a thread that never ends and that the interpreter waits for.

Ends as: TimedOut
"""

import threading
import time


def run() -> None:
    threading.Thread(target=time.sleep, args=(600,)).start()
