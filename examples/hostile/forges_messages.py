"""Writes a message into the channel that says that it started, again.

Ends as: Failed, ProtocolError
"""

import os
import time


def run() -> None:
    for number in range(3, 64):
        try:
            os.write(number, b'{"type":"started"}\n')
        except OSError:
            pass
    time.sleep(600)
