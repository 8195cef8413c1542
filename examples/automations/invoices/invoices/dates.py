"""Dates in text: 2024-03-05, 05.03.2024, 03/05/2024, 7. Mai 2014, August 3 , 2014."""

import re
from dataclasses import dataclass
from datetime import date

_MONTHS = (
    "jan january januar januari janvier enero gennaio",
    "feb february februar februari fevrier février febrero febbraio",
    "mar march märz maerz maart mrt mars marzo",
    "apr april avril abril aprile",
    "may mai mei mayo maggio",
    "jun june juni juin junio giugno",
    "jul july juli juillet julio luglio",
    "aug august augustus août aout agosto",
    "sep sept september septembre septiembre settembre",
    "oct okt october oktober octobre octubre ottobre",
    "nov november novembre noviembre",
    "dec dez december dezember décembre decembre diciembre dicembre",
)
_MONTH_OF = {name: index for index, names in enumerate(_MONTHS, 1) for name in names.split()}
_NAMES = "|".join(sorted(_MONTH_OF, key=len, reverse=True))

_ISO = re.compile(r"(?<![\d/.-])(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})(?![\d/-])")
_NUMERIC = re.compile(
    r"(?<![\d/.-])(?P<a>\d{1,2})(?P<sep>[./-])[ ]?(?P<b>\d{1,2})(?P=sep)[ ]?(?P<y>\d{4}|\d{2})"
    r"(?![\d/-]|[.,]\d)"
)
_DAY_FIRST = re.compile(
    rf"(?<![\d/.,-])(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\s?[.\s-]\s?(?:de\s)?(?P<m>{_NAMES})\.?"
    r"[\s,-]+(?:de\s)?(?P<y>\d{4})(?!\d)",
    re.IGNORECASE,
)
_MONTH_FIRST = re.compile(
    rf"(?<!\w)(?P<m>{_NAMES})\.?\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\s?,?\s*(?P<y>\d{{4}})(?!\d)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class FoundDate:
    """A date found in a text."""

    start: int
    end: int
    value: date
    ambiguous: bool
    """Day and month could be exchanged, and nothing in the text decides."""


def find_dates(text: str, month_first: bool | None = None) -> list[FoundDate]:
    """Finds the dates in a text, in order.

    Args:
        text: Any text.
        month_first: How dates with slashes are written in this document, if known. None reads
            them day first and marks those that could be read the other way as ambiguous. Dates
            with dots are always day first.
    """
    found: list[FoundDate] = []
    for pattern in (_ISO, _DAY_FIRST, _MONTH_FIRST, _NUMERIC):
        for match in pattern.finditer(text):
            if any(match.start() < f.end and f.start < match.end() for f in found):
                continue
            result = _numeric(match, month_first) if pattern is _NUMERIC else _plain(match)
            if result is not None:
                found.append(result)
    return sorted(found, key=lambda f: f.start)


def slash_order(text: str) -> bool | None:
    """Tells whether dates with slashes are month first, by those that allow one reading only."""
    votes = set()
    for match in _NUMERIC.finditer(text):
        if match["sep"] == "/" and (first := int(match["a"])) != (second := int(match["b"])):
            if first > 12 >= second:
                votes.add(False)
            elif second > 12 >= first:
                votes.add(True)
    return votes.pop() if len(votes) == 1 else None


def mask_dates(text: str) -> str:
    """Blanks the dates in a text, keeping every offset, so that they are not read as amounts."""
    for found in find_dates(text):
        text = text[: found.start] + " " * (found.end - found.start) + text[found.end :]
    return text


def _plain(match: re.Match[str]) -> FoundDate | None:
    month = match["m"]
    number = int(month) if month.isdigit() else _MONTH_OF[month.lower()]
    return _checked(match, int(match["y"]), number, int(match["d"]), False)


def _numeric(match: re.Match[str], month_first: bool | None) -> FoundDate | None:
    first, second, year = int(match["a"]), int(match["b"]), int(match["y"])
    if year < 100:
        year += 2000
    if match["sep"] == ".":
        return _checked(match, year, second, first, False)
    swap = second > 12 if max(first, second) > 12 else bool(month_first)
    day, month = (second, first) if swap else (first, second)
    ambiguous = month_first is None and first <= 12 and second <= 12 and first != second
    return _checked(match, year, month, day, ambiguous)


def _checked(
    match: re.Match[str], year: int, month: int, day: int, ambiguous: bool
) -> FoundDate | None:
    try:
        value = date(year, month, day)
    except ValueError:
        return None
    return FoundDate(match.start(), match.end(), value, ambiguous)
