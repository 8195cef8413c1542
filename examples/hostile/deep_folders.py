"""Makes folders in folders, deeper than any path can say.

Ends as: Succeeded, or Failed, LimitExceeded
Timeout: 30s
"""

import os


def run() -> None:
    for _ in range(3_000):
        os.mkdir("d")
        os.chdir("d")
