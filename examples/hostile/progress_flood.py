"""Tells its progress a hundred thousand times.

Ends as: Succeeded
Timeout: 60s
"""

import openautomate


def run() -> None:
    for number in range(100_000):
        openautomate.progress(number / 100_000, "on its way")
