"""Aborts the process.

Ends as: Failed, Signal
"""

import os


def run() -> None:
    os.abort()
