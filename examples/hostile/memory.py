"""Asks for ten gigabytes at once.

Ends as: Failed, MemoryError
"""


def run() -> int:
    return len(bytearray(10 * 1024**3))
