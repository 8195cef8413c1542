"""Kills its own session.

Ends as: Failed, Signal
"""

import os
import signal


def run() -> None:
    os.killpg(0, signal.SIGKILL)
