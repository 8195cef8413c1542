"""Returns a list that holds itself.

Ends as: Failed, OutputError
"""

from typing import Any


def run() -> list[Any]:
    cycle: list[Any] = []
    cycle.append(cycle)
    return cycle
