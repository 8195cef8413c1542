"""Checks a total: the second of a chain."""

from __future__ import annotations


def run(total: float, limit: float = 10_000.0) -> dict[str, float]:
    """Refuses what is not between nothing and the limit."""
    if not 0 < total <= limit:
        raise ValueError(f"{total:.2f} is not between 0 and {limit:.2f}")
    return {"total": total}
