"""Works off a queue of bookings; as many runs are started as what waits is worth."""

from __future__ import annotations

import openautomate


def run(queue: str = "bookings") -> dict[str, int]:
    """Books every item that waits, until there is none.

    Args:
        queue: The queue of the bookings.

    Returns:
        How many were ``booked``.
    """
    booked = 0
    for item in openautomate.queue(queue):
        with item:
            print(f"booking {item.payload['number']}")
            booked += 1
    return {"booked": booked}
