"""Rules for issuers whose documents the general reading does not understand.

A rule is chosen by what the text of a document says, never by the name of its file, and it says
only what differs. Add a rule when an issuer's layout is odd; most issuers need none.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Layout:
    """What is particular about the documents of one issuer."""

    issuer: str
    """The name to book."""
    sign: re.Pattern[str]
    """What only this issuer's documents say."""
    number_labels: tuple[str, ...] = ()
    """Labels of the number, tried before the general ones."""
    date_labels: tuple[str, ...] = ()
    """Labels of the date, tried before the general ones."""
    month_first: bool | None = None
    """How dates with slashes are written."""
    currency: str | None = None
    """The currency where the document names none."""


LAYOUTS = (
    # The letterhead carries a product name; the company stands in a footer among other text.
    Layout("Amazon Web Services, Inc.", re.compile(r"sold by Amazon Web Services, Inc\.")),
    # Receipts without an invoice number: the booking is what both sides refer to.
    Layout(
        "OYO",
        re.compile(r"Payment received by OYO\b|@oyorooms\.com"),
        number_labels=(r"booking id",),
        month_first=False,
        currency="INR",
    ),
)
"""The rules, tried in order."""


def layout_of(text: str) -> Layout | None:
    """Returns the rule that fits a document's text, if there is one."""
    return next((layout for layout in LAYOUTS if layout.sign.search(text)), None)
