"""Finds net, tax and total, and checks that they add up."""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import product

from invoices.amounts import Money, find_money
from invoices.dates import mask_dates
from invoices.labels import amount_label
from invoices.read import Document, Line

CENT = Decimal("0.01")
"""Net and tax may differ from the total by this much, since taxes are rounded per line."""


@dataclass
class Totals:
    """The three amounts and what is to be said about them."""

    net: Decimal | None = None
    tax: Decimal | None = None
    total: Decimal | None = None
    currency: str | None = None
    notes: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)


def find_totals(document: Document, decimal: str | None) -> Totals:
    """Finds the amounts of an invoice.

    Among several subtotals and tax lines those are taken that add up to the total; if none do, the
    last net and all taxes are taken as printed, with a doubt.
    """
    found = _labelled(document, decimal)
    kind = next((k for k in ("total_1", "total_2", "total_3") if found[k]), None)
    if kind is None:
        return Totals(net=_last(found["net"]))
    nets = _nets(found)
    taxes = _taxes(found)
    for money, net, tax in product(reversed(found[kind]), nets, taxes):
        if abs(net + tax - money.value) <= CENT:
            return Totals(net, tax, money.value, money.currency)
    last = found[kind][-1]
    totals = Totals(total=last.value, currency=last.currency)
    if nets and taxes:
        totals.net, totals.tax = nets[0], taxes[0]
        totals.doubts.append(
            f"net {nets[0]} and tax {taxes[0]} do not add up to the total {last.value}"
        )
    elif taxes:
        totals.tax = taxes[0]
        totals.net = last.value - taxes[0]
        totals.notes.append("net computed as total less tax")
    elif nets:
        totals.net = nets[0]
        if abs(nets[0] - last.value) > CENT:
            totals.doubts.append(
                f"net {nets[0]} and total {last.value} differ but no tax is stated"
            )
        else:
            totals.notes.append("no tax stated")
    else:
        totals.notes.append("no tax stated")
    return totals


def _labelled(document: Document, decimal: str | None) -> dict[str, list[Money]]:
    """Collects the amounts by the kind of their label, in reading order."""
    found: dict[str, list[Money]] = defaultdict(list)
    seen: set[tuple[str, str]] = set()
    for index, line in enumerate(document.lines):
        labels = _labels(line, decimal)
        if not labels:
            continue
        amounts = find_money(mask_dates(line.text), decimal)
        if not amounts:
            below = _below(document, index, labels, decimal)
            for kind, money in below:
                found[kind].append(money)
            continue
        for position, (kind, start, end) in enumerate(labels):
            limit = labels[position + 1][1] if position + 1 < len(labels) else len(line.text)
            inside = [money for money in amounts if end <= money.start < limit]
            # The same tax line on every page, or again in a table of rates, counts once.
            key = (kind, line.text[start:limit].strip())
            if inside and (kind != "tax" or key not in seen):
                seen.add(key)
                found[kind].append(inside[-1])
    return found


def _labels(line: Line, decimal: str | None) -> list[tuple[str, int, int]]:
    """Finds the labels that open the line, a column, or follow an amount.

    Anywhere else the word is part of a text: "Room incl. VAT", "see total below".
    """
    ends = {money.end for money in find_money(mask_dates(line.text), decimal)}
    result: list[tuple[str, int, int]] = []
    for start, _, _, _ in line.words:
        if result and start < result[-1][2]:
            continue
        before = line.text[:start].rstrip(" *:+")
        opens = not before or before.endswith("\t") or len(before) in ends
        if opens and (label := amount_label(line.text, start)) is not None:
            kind, end = label
            result.append((kind, start, end))
    return result


def _below(
    document: Document, index: int, labels: list[tuple[str, int, int]], decimal: str | None
) -> list[tuple[str, Money]]:
    """Reads amounts that stand under their labels, where the line holds nothing but labels."""
    line = document.lines[index]
    rest = line.text
    for _, start, end in reversed(labels):
        rest = rest[:start] + rest[end:]
    if any(len(word) > 3 for word in rest.split()):
        return []
    if index + 1 == len(document.lines):
        return []
    lower = document.lines[index + 1]
    amounts = find_money(mask_dates(lower.text), decimal)
    spare = lower.text
    for money in reversed(amounts):
        spare = spare[: money.start] + spare[money.end :]
    if any(character.isalpha() for character in spare):
        # A line with words under a lone label is an item, not a row of totals.
        return []
    result = []
    for kind, start, end in labels:
        x0, x1 = line.place(start, end)
        for money in amounts:
            left, right = lower.place(money.start, money.end)
            if left < x1 and x0 < right:
                result.append((kind, money))
                break
    return result


def _nets(found: dict[str, list[Money]]) -> list[Decimal]:
    nets = list(dict.fromkeys(money.value for money in reversed(found["net"])))
    extra = sum((money.value for money in found["charge"]), Decimal(0))
    extra -= sum((abs(money.value) for money in found["discount"]), Decimal(0))
    return nets + [net + extra for net in nets if extra]


def _taxes(found: dict[str, list[Money]]) -> list[Decimal]:
    taxes = [money.value for money in found["tax"]]
    explicit = [money.value for money in reversed(found["tax_total"])]
    together = [sum(taxes, Decimal(0))] if taxes else []
    return list(dict.fromkeys(explicit + together + taxes))


def _last(amounts: list[Money]) -> Decimal | None:
    return amounts[-1].value if amounts else None
