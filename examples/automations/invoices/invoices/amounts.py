"""Amounts of money in text: 1.234,56 and 1,234.56, 1'234.50, 1 234,56, 1,23,456.00."""

import re
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

_SYMBOLS = {
    "€": "EUR",
    "£": "GBP",
    "$": "USD",
    "US$": "USD",
    "C$": "CAD",
    "CA$": "CAD",
    "A$": "AUD",
    "AU$": "AUD",
    "NZ$": "NZD",
    "HK$": "HKD",
    "S$": "SGD",
    "₹": "INR",
    "RS": "INR",
    "RS.": "INR",
    "FR.": "CHF",
    "SFR.": "CHF",
    "SFR": "CHF",
    "¥": "JPY",
    "ZŁ": "PLN",
}
_CODES = (
    "EUR|USD|GBP|CHF|INR|SEK|NOK|DKK|PLN|CZK|HUF|RON|CAD|AUD|NZD|HKD|SGD|JPY|CNY|ZAR|BRL|MXN|AED"
)

_CURRENCY = (
    r"(?:(?:US|CA|AU|NZ|HK|C|A|S)\$|[€£$₹¥]|zł"
    rf"|(?<![A-Za-z])(?:{_CODES})(?![A-Za-z])"
    r"|(?<![A-Za-z])(?:Rs\.?|SFr\.?|Fr\.)(?![A-Za-z]))"
)
CURRENCY = re.compile(_CURRENCY)
"""A currency sign or code as printed."""

_NUMBER = (
    # Groups parted by a plain space count only with decimals, else two columns would be joined.
    r"(?:\d{1,3}(?: \d{3})+[.,]\d{2}(?!\d)"
    r"|\d{1,3}(?:['’\u00a0\u202f\u2009]\d{3})+(?:[.,]\d{1,2})?"
    r"|\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d+)?"
    r"|\d{1,3}(?:\.\d{3})+(?:,\d+)?"
    r"|\d+(?:[.,]\d+)?)"
)
_MONEY = re.compile(
    rf"(?<![\w.,/:'’-])(?P<open>\()?(?P<sign>[-−–])?(?:(?P<before>{_CURRENCY})[ \u00a0]*"
    rf"(?P<inner>[-−–])?)?(?P<number>{_NUMBER})(?P<dash>[.,][-–]+)?"
    rf"(?P<trail>-(?![\w]))?(?P<close>\))?(?:[ \u00a0]*(?P<after>{_CURRENCY}))?"
)


@dataclass(frozen=True)
class Money:
    """An amount found in a text."""

    start: int
    end: int
    value: Decimal
    currency: str | None


def currency_code(printed: str) -> str:
    """Returns the ISO 4217 code of a currency as printed; a bare ``$`` counts as USD."""
    key = printed.strip().upper()
    return _SYMBOLS.get(key, key)


def parse_amount(text: str, decimal: str | None = None) -> Decimal:
    """Reads one amount, with or without currency.

    Args:
        text: The amount as printed, such as ``-1.234,56 €`` or ``(1,234.56)``.
        decimal: The decimal separator of the document, ``.`` or ``,``, if known. It decides
            only what is ambiguous: ``1.234`` is a thousand without it.

    Raises:
        ValueError: The text is not one amount.
    """
    found = _MONEY.fullmatch(text.strip())
    if found is None:
        raise ValueError("not an amount of money")
    return _value(found, decimal)


def find_money(text: str, decimal: str | None = None) -> list[Money]:
    """Finds the amounts in a text, in order.

    A bare integer, a percentage, a part of a word or of a reference is not an amount: there has
    to be a currency, two decimals or grouped thousands.
    """
    result = []
    for found in _MONEY.finditer(text):
        rest = text[found.end() :]
        if re.match(r"\s*%|\w|[.,:/]\d", rest):
            continue
        printed = found["before"] or found["after"]
        number = found["number"]
        looks_like_money = (
            printed
            or found["dash"]
            or re.search(r"[.,]\d{2}$|\d[.,'’\u00a0\u202f\u2009 ]\d{3}", number)
        )
        if looks_like_money:
            code = currency_code(printed) if printed else None
            result.append(Money(found.start(), found.end(), _value(found, decimal), code))
    return result


def decimal_separator(text: str) -> str | None:
    """Tells which decimal separator a document uses, by its amounts with two decimals."""
    votes = Counter(re.findall(r"\d([.,])\d{2}(?![\d.,/]|\s*%)", text))
    ranked = votes.most_common(2)
    if not ranked or (len(ranked) == 2 and ranked[0][1] == ranked[1][1]):
        return None
    return str(ranked[0][0])


def _value(found: re.Match[str], decimal: str | None) -> Decimal:
    value = _number(found["number"], decimal)
    bracketed = bool(found["open"] and found["close"])
    if found["sign"] or found["inner"] or found["trail"] or bracketed:
        value = -value
    return value


def _number(text: str, decimal: str | None) -> Decimal:
    text = re.sub(r"['’\s]", "", text)
    dots, commas = text.count("."), text.count(",")
    if dots and commas:
        point = "." if text.rfind(".") > text.rfind(",") else ","
    elif dots + commas != 1:
        # Several of one kind part thousands; none needs no decision.
        point = "," if dots else "."
    else:
        seen = "." if dots else ","
        whole, fraction = text.split(seen)
        grouped = len(fraction) == 3 and 1 <= len(whole) <= 3 and whole != "0" and decimal != seen
        point = ("," if dots else ".") if grouped else seen
    other = "," if point == "." else "."
    return Decimal(text.replace(other, "").replace(point, "."))
