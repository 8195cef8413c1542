"""Writes a message into the channel that has no end.

Ends as: Failed, ProtocolError
Timeout: 30s
"""

import os


def run() -> None:
    while True:
        for number in range(3, 64):
            try:
                os.write(number, b"x" * 65536)
            except OSError:
                pass
