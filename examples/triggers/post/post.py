"""Books a total: the last of a chain."""

from __future__ import annotations


def run(total: float, account: str) -> dict[str, str]:
    """Tells what was booked where."""
    return {"booked": f"{total:.2f} on {account}"}
