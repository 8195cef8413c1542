"""Pays what somebody approved."""

from __future__ import annotations

import openautomate


def run(receiver: str, amount: float) -> dict[str, object]:
    """Asks, and pays if the answer is yes.

    Until there is one, this run ends and takes no slot. It begins anew then, so that whatever stands before
    the question runs twice: here one line is printed.
    """
    print(f"asking for {amount:.2f} EUR")
    answer = openautomate.approval(
        f"pay {amount:.2f} EUR to {receiver}?", data={"receiver": receiver, "amount": amount}, key="pay"
    )
    print(f"paid, since {answer.answered_by} said yes")
    return {"paid": amount, "approvedBy": answer.answered_by, "comment": answer.comment}
