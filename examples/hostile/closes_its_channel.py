"""Closes the channel to the agent.

Ends as: Failed, Signal, or TimedOut
"""

import os
import time


def run() -> None:
    os.closerange(3, 64)
    time.sleep(600)
