"""Writes the invoice of an order."""

from pathlib import Path

import openautomate


def write(number: int, customer: str, cents: int) -> dict:
    """Writes the invoice as a text and keeps it.

    Args:
        number: The number of the order.
        customer: Who pays.
        cents: How much.
    """
    path = Path(f"invoice-{number}.txt")
    path.write_text(f"Invoice {number}\n{customer}: {cents / 100:.2f}\n", encoding="utf-8")
    openautomate.artifact(path)
    return {"invoice": path.name}
