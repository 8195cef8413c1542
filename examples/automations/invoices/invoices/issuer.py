"""Finds who issued an invoice."""

import re

from invoices.labels import RECIPIENT, SENDER
from invoices.read import Cell, Document

_LEGAL_FORM = re.compile(
    r"(?<![\w.])(?:GmbH(?: & Co\.? KG)?|mbH|AG|KG|OHG|SE|e\.\s?K\.|UG|Ltd\.?|Limited|LLP|PLC|plc"
    r"|Inc\.?|LLC|Corp\.?|Corporation|B\.\s?V\.|BV|N\.V\.|NV|S\.?A\.?R\.?L\.?|SARL|SAS|S\.A\.S?\.?|SA"
    r"|Sàrl|S\.r\.l\.|Srl|S\.p\.A\.|SpA|S\.L\.|Oy|AB|ApS|A/S|AS)(?![\w/])"
)
_DOMAIN = re.compile(
    r"(?:https?://|www\.|@)(?:[\w-]+\.)*?([\w-]{3,})\.(?:co\.[a-z]{2}|[a-z]{2,10})(?![\w.-]*\w)",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]{3}")
_BREAK = re.compile(r"\s+[-–·•|*]\s+")
_HEADINGS = re.compile(
    r"^(?:tax |commercial |proforma |pro forma )?"
    r"(?:invoice|rechnung|facture|factuur\.?|fattura|receipt|payment receipt|credit note|gutschrift"
    r"|statement|page|seite|duplicate|copy)\b",
    re.IGNORECASE,
)
_UMLAUTS = {ord("ä"): "ae", ord("ö"): "oe", ord("ü"): "ue", ord("ß"): "ss"}
_MAX_NAME = 70
_RECIPIENT_LINES = 5
_SAME_COLUMN = 40.0


def find_issuer(document: Document) -> tuple[str | None, bool]:
    """Returns the issuer's name, if any, and whether it is only a guess.

    In this order: a name after a word such as "From:"; a name with a legal form that the web or
    mail address confirms; the first name with a legal form; a name that the web address confirms;
    as a guess, the first line that is no heading. The recipient's address is left out.
    """
    cells = _candidates(document)
    for cell in cells:
        if (label := SENDER.match(cell.text)) is not None:
            named = _trim(cell.text[label.end() :])
            # "From: 1 July" opens a period, not a name.
            if _WORD.search(named) and not re.search(r"\d", named) and len(named) <= _MAX_NAME:
                return named, False
    domains = {_squeeze(name) for name in _DOMAIN.findall(document.text)}
    legal = [found for cell in cells if (found := _with_legal_form(cell.text))]
    if legal:
        return next((name for name in legal if _confirmed(name, domains)), legal[0]), False
    others = [_trim(cell.text) for cell in cells if not _HEADINGS.match(cell.text)]
    for name in others:
        if len(name) <= _MAX_NAME and _confirmed(name, domains):
            return name, False
    plain = [name for name in others if _WORD.search(name) and len(name) <= _MAX_NAME]
    return (plain[0], True) if plain else (None, False)


def _candidates(document: Document) -> list[Cell]:
    """Returns all cells but those of the recipient's address."""
    result: list[Cell] = []
    blocks: list[tuple[float, int]] = []
    for index, line in enumerate(document.lines):
        cells = line.cells()
        for position, cell in enumerate(cells):
            if RECIPIENT.match(cell.text):
                blocks.append((cell.x0, index))
                if position + 1 < len(cells):
                    # "Customer <tab> Name": the name stands beside its label.
                    blocks.append((cells[position + 1].x0, index))
                continue
            inside = any(
                abs(cell.x0 - x0) < _SAME_COLUMN and index - start <= _RECIPIENT_LINES
                for x0, start in blocks
            )
            if not inside:
                result.append(cell)
    return result


def _with_legal_form(text: str) -> str | None:
    found = _LEGAL_FORM.search(text)
    if found is None:
        return None
    name = _BREAK.split(text[: found.end()])[-1].strip(" ,:")
    words = name.split()
    # A sentence that mentions a company is not a letterhead.
    return name if 2 <= len(words) <= 7 and len(name) <= _MAX_NAME else None


def _trim(text: str) -> str:
    return _BREAK.split(text)[0].strip(" ,:")


def _confirmed(name: str, domains: set[str]) -> bool:
    plain = _squeeze(_LEGAL_FORM.sub("", name))
    return len(plain) >= 3 and any(
        plain == domain or (len(domain) >= 5 and plain.startswith(domain)) for domain in domains
    )


def _squeeze(text: str) -> str:
    folded = text.lower().translate(_UMLAUTS)
    return re.sub(r"[^a-z0-9]", "", folded)
