"""Makes an invoice of a document's text: general reading first, rules per issuer where needed."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date

from invoices.amounts import CURRENCY, currency_code, decimal_separator
from invoices.dates import find_dates, slash_order
from invoices.issuer import find_issuer
from invoices.labels import DATE_LABELS, NUMBER_HEADING, NUMBER_LABELS
from invoices.layouts import layout_of
from invoices.model import Invoice
from invoices.read import Document
from invoices.totals import find_totals

_NUMBER = re.compile(r"(?:[A-Z]{1,4} )?(?=[\w/.-]*\d)[A-Za-z0-9][\w/.-]*\w")
_BELOW = 2
_US_ADDRESS = re.compile(r"\b[A-Z]{2},? \d{5}(?:-\d{4})?\b")
_DAY_FIRST_CURRENCIES = {"EUR", "GBP", "CHF", "INR", "AUD", "NZD", "PLN", "CZK", "DKK", "NOK"}


def extract(document: Document) -> Invoice:
    """Finds the fields of an invoice; those that cannot be found are None."""
    text = document.text
    layout = layout_of(text)
    notes: list[str] = []
    doubts: list[str] = []

    if layout is not None:
        issuer: str | None = layout.issuer
    else:
        issuer, guessed = find_issuer(document)
        if guessed:
            doubts.append("the issuer is guessed from the first line")

    totals = find_totals(document, decimal_separator(text))
    currency = _currency(text, totals.currency, layout.currency if layout else None)

    month_first = layout.month_first if layout else None
    if month_first is None:
        month_first = _month_first(text, currency)
    day, ambiguous = _date(document, layout.date_labels if layout else (), month_first)
    if ambiguous:
        doubts.append("day and month of the date could be exchanged")

    return Invoice(
        issuer=issuer,
        number=_number(document, layout.number_labels if layout else ()),
        date=day,
        currency=currency,
        net=totals.net,
        tax=totals.tax,
        total=totals.total,
        notes=(*notes, *totals.notes),
        doubts=(*doubts, *totals.doubts),
    )


def _month_first(text: str, currency: str | None) -> bool | None:
    """Tells how dates like 03/04/2024 are meant: by the other dates, else by where it is from."""
    if (order := slash_order(text)) is not None:
        return order
    if currency == "USD" and _US_ADDRESS.search(text):
        return True
    return False if currency in _DAY_FIRST_CURRENCIES else None


def _values(document: Document, label: str) -> Iterator[str]:
    """Yields what follows a label: the rest of its line, else what stands under it."""
    pattern = re.compile(label, re.IGNORECASE)
    for index, line in enumerate(document.lines):
        for found in pattern.finditer(line.text):
            rest = line.text[found.end() :]
            # Only the next column can hold the value; what comes later has its own label.
            own = rest.lstrip(" .:\t").partition("\t")[0]
            if own:
                yield own
            x0, x1 = line.place(found.start(), found.end())
            for lower in document.lines[index + 1 : index + 1 + _BELOW]:
                under = [cell for cell in lower.cells() if cell.x0 < x1 and x0 < cell.x1]
                if under:
                    yield under[0].text
                    break


def _number(document: Document, special: tuple[str, ...]) -> str | None:
    for label in (*special, *NUMBER_LABELS):
        for value in _values(document, label):
            if (number := _leading_number(value)) is not None:
                return number
    for line in document.lines:
        for cell in line.cells():
            # Only what stands right behind the heading: under it may be an address.
            if (heading := NUMBER_HEADING.match(cell.text)) is not None:
                number = _leading_number(cell.text[heading.end() :])
                if number is not None and len(number) >= 3:
                    return number
    return None


def _leading_number(value: str) -> str | None:
    value = value.lstrip("#: ")
    found = _NUMBER.match(value)
    if found is None or any(day.start < found.end() for day in find_dates(value)):
        return None
    return found[0]


def _date(
    document: Document, special: tuple[str, ...], month_first: bool | None
) -> tuple[date | None, bool]:
    for label in (*special, *DATE_LABELS):
        for value in _values(document, label):
            dates = find_dates(value, month_first)
            if dates and dates[0].start <= 2:
                return dates[0].value, dates[0].ambiguous
    everywhere = find_dates(document.text, month_first)
    if len({found.value for found in everywhere}) == 1:
        return everywhere[0].value, everywhere[0].ambiguous
    return None, False


def _currency(text: str, printed: str | None, usual: str | None) -> str | None:
    """Picks the total's own currency, else the one that the document names most often."""
    codes = Counter(currency_code(sign) for sign in CURRENCY.findall(text))
    if printed == "USD":
        # A bare "$" is any dollar: a document that names another one by its code means that one.
        dollars = [code for code in ("CAD", "AUD", "NZD", "HKD", "SGD") if codes[code]]
        return (
            dollars[0]
            if len(dollars) == 1 and not re.search(r"US\$|USD|US Dollar", text)
            else printed
        )
    if printed is not None:
        return printed
    return codes.most_common(1)[0][0] if codes else usual
