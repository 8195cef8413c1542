"""Reads the total of an invoice: the first of a chain."""

from __future__ import annotations


def run(text: str) -> dict[str, float]:
    """Finds the amount behind the word total."""
    amount = text.rsplit("total", 1)[1].strip().split()[0]
    return {"total": float(amount)}
