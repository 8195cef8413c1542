"""Takes the lines of an invoice ledger from a work queue, checks each, and hands on what is to be paid."""

from decimal import Decimal, InvalidOperation

import openautomate

CENT = Decimal("0.01")


def run(queue: str = "invoices", payments: str = "payments") -> dict[str, int]:
    """Works on every line that waits.

    A line that does not add up is a business error: nobody needs to try it again. Whatever else goes wrong
    fails the item, and the queue decides whether it is tried again. The loop goes on in both cases.

    Args:
        queue: The queue of the lines.
        payments: The queue of what is to be paid.

    Returns:
        How many lines were ``checked`` and how many of them ``refused``.
    """
    checked = refused = 0
    for item in openautomate.queue(queue):
        checked += 1
        refused += 1  # until the line turns out to be right
        with item:
            line = item.payload
            total = amount(line, "total")
            net, tax = amount(line, "net"), amount(line, "tax")
            if abs(net + tax - total) > CENT:
                raise openautomate.BusinessError(f"{net} and {tax} are not {total}", code="TOTAL")
            payment = {"to": line["issuer"], "amount": str(total), "currency": line["currency"]}
            # Done and handed on in one step: never one without the other.
            item.complete(
                {"paid": str(total)},
                children=[{"queue": payments, "payload": payment, "reference": line["number"]}],
            )
            refused -= 1
    openautomate.log.info("%d lines checked, %d refused", checked, refused)
    return {"checked": checked, "refused": refused}


def amount(line: dict[str, str], column: str) -> Decimal:
    """The amount in a column, which may be empty for 0.

    Raises:
        BusinessError: It is no amount.
    """
    try:
        return Decimal(line[column] or "0")
    except InvalidOperation:
        raise openautomate.BusinessError(f"the {column} is no amount", code="AMOUNT") from None
