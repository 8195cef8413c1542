"""Writes garbage into the channel to the agent.

Ends as: Failed, ProtocolError
"""

import os
import time


def run() -> None:
    for number in range(3, 64):
        try:
            os.write(number, b"garbage\n")
        except OSError:
            pass
    time.sleep(600)
