"""The data that passes between reading, extraction and the ledger."""

import datetime
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum

REQUIRED = ("issuer", "number", "date", "currency", "total")
"""The fields without which an invoice is not booked."""


class Status(str, Enum):
    """What became of a file."""

    OK = "ok"
    """Booked, nothing to look at."""
    CHECK = "check"
    """Booked as printed, but a person should look: the reason says why."""
    DUPLICATE = "duplicate"
    """Not booked: an earlier file holds the same invoice."""
    PROBLEM = "problem"
    """Not booked: unreadable, or a required field was not found."""

    @property
    def booked(self) -> bool:
        """Whether the invoice counts in the totals."""
        return self in (Status.OK, Status.CHECK)


@dataclass(frozen=True)
class Invoice:
    """What was found in one document; a field that was not found is None."""

    issuer: str | None = None
    number: str | None = None
    date: datetime.date | None = None
    currency: str | None = None
    """ISO 4217 code."""
    net: Decimal | None = None
    tax: Decimal | None = None
    total: Decimal | None = None
    notes: tuple[str, ...] = ()
    """How a value was come by, where that is worth saying."""
    doubts: tuple[str, ...] = ()
    """What a person should check."""

    def missing(self) -> list[str]:
        """Names the required fields that were not found."""
        return [name for name in REQUIRED if getattr(self, name) is None]


@dataclass(frozen=True)
class Entry:
    """One input file and what became of it: one row of the ledger."""

    file: str
    status: Status
    reason: str = ""
    """Why the status is not ok, else empty."""
    invoice: Invoice = field(default_factory=Invoice)

    @property
    def note(self) -> str:
        """The reason and the notes in one text."""
        return "; ".join(part for part in (self.reason, *self.invoice.notes) if part)
