"""Returns more than an output may be.

Ends as: Failed, OutputError
"""


def run() -> str:
    return "x" * 20_000_000
