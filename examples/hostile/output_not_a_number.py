"""Returns what JSON can't say.

Ends as: Failed, OutputError
"""


def run() -> dict[str, float]:
    return {"value": float("nan")}
