"""Prints bytes that no terminal should see.

Ends as: Succeeded
"""

import os


def run() -> None:
    os.write(1, b"\x00\x1b[2J\x1b]0;title\x07\xff\xfe\x9b31m\r\n" * 100)
    os.write(2, bytes(range(256)) * 10)
