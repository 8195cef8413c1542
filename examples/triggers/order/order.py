"""Takes an order that a shop sent by a webhook."""

from __future__ import annotations


def run(number: str, total: float = 0.0) -> dict[str, object]:
    """Confirms an order."""
    print(f"order {number} over {total:.2f} EUR")
    return {"confirmed": number}
