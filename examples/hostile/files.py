"""Opens files without an end.

Ends as: Failed, OSError
"""

import os


def run() -> None:
    kept = []
    while True:
        kept.append(os.open(os.devnull, os.O_RDONLY))
