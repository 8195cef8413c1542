"""Reads from the address 0.

Ends as: Failed, Signal
"""

import ctypes


def run() -> None:
    ctypes.string_at(0)
