"""The words that invoices put before their values, in the languages that are read."""

import re

_NOT_A_NUMBER_LABEL = (
    r"(?!\s*[-.:]?\s*(?:no|nr|number|nummer|id|idnr|reg|registration|ident\w*|invoice|point)\b)"
)
_RATE_OR_BASE = r"(?:\([^)]*\))?"

_TAX_WORD = (
    r"(?:sales tax|state tax|vat|tax|c\.?gst|s\.?gst|i\.?gst|gst|hst|pst|mwst|mehrwertsteuer|ust"
    r"|umsatzsteuer|btw|tva|iva)"
)
_EXCLUDING = r"(?:excl(?:usive|uding|\.)?|exclusief|before|without|hors|ohne|excl\.?)"
_INCLUDING = r"(?:incl(?:usive|uding|\.)?|inclusief|inkl(?:usive|\.)?|with|mit)"

FIELDS: dict[str, tuple[str, ...]] = {
    "net": (
        rf"(?:sub-?\s?total|total|totaal|amount|gesamt|summe)\s+{_EXCLUDING}\.?\s*{_TAX_WORD}?",
        rf"{_EXCLUDING}\.?\s+{_TAX_WORD}",
        r"net total|total net|net amount|net value|taxable (?:amount|value|total)|total before tax",
        r"sub-?\s?total|net",
        r"nettobetrag|nettosumme|netto(?:summe)?|summe netto|warenwert netto|zwischensumme",
        r"(?:gesamtbetrag|gesamtsumme|rechnungsbetrag|total) netto",
        r"(?:montant |total )h\.?t\.?|total hors taxes?",
        r"subtotaal|totaal excl\.? btw|imponibile|base imponible",
    ),
    "tax_total": (rf"total {_TAX_WORD}|{_TAX_WORD} total|summe (?:mwst|ust)|totaal btw|total tva",),
    "tax": (rf"(?:(?:zzgl|plus|add|\+)\.?\s+)?(?:\d+(?:[.,]\d+)?\s?%\s*)?{_TAX_WORD}\b\.?",),
    "charge": (
        r"shipping(?: (?:and|&) handling)?|delivery charge|freight|postage|handling"
        r"|versandkosten|versand|fracht(?:kosten)?|verzendkosten|frais de port",
    ),
    "discount": (r"discount|rabatt|remise|korting|sconto|nachlass",),
    "total_1": (
        r"grand total|invoice total|total for this invoice|total invoice amount",
        r"total amount(?! due)",
        rf"(?:total|totaal|gesamtbetrag|gesamtsumme|summe)\s+{_INCLUDING}\.?(?:\s+{_TAX_WORD}\b\.?)?",
        r"rechnungsbetrag|rechnungstotal|gesamtbetrag|gesamtsumme|endbetrag|bruttobetrag",
        r"(?:summe|total) brutto|brutto|(?:montant |total )t\.?t\.?c\.?|totale fattura",
        r"importe total|credit total|total credit(?:ed)?|amount credited|gutschriftsbetrag",
    ),
    "total_2": (
        r"total(?!\s+(?:items|hours|qty|quantity|units|discount|weight|savings|paid|pages|lines))",
        r"totaal|totale|gesamt|summe",
    ),
    "total_3": (
        r"(?:total )?amount due|balance due|total due|amount payable|total payable|zahlbetrag",
        r"zu zahlen(?:der betrag)?|te betalen|net à payer",
    ),
}
"""Per kind of amount, its labels as patterns; the longest that fits a place wins."""

_AMOUNT_LABELS = tuple(
    (kind, re.compile(rf"(?:{pattern})(?!\w){_NOT_A_NUMBER_LABEL}{_RATE_OR_BASE}", re.IGNORECASE))
    for kind, patterns in FIELDS.items()
    for pattern in patterns
)


def amount_label(text: str, start: int) -> tuple[str, int] | None:
    """Returns the kind and the end of the longest amount label that begins at a place, if any."""
    found = [(m.end(), kind) for kind, label in _AMOUNT_LABELS if (m := label.match(text, start))]
    if not found:
        return None
    end, kind = max(found)
    return kind, end


NUMBER_LABELS = (
    r"(?:tax |vat |commercial )?invoice\s*(?:number|num\b\.?|no\b\.?|nr\b\.?|n°|№|#|id\b)",
    r"credit\s*note\s*(?:number|no\b\.?|nr\b\.?|#)",
    r"(?:rechnung(?:s|en)?|gutschrift(?:s)?|beleg)\s?-?\s?(?:nummer|nr\b\.?)",
    r"factuur\s?(?:nummer|nr\b\.?)",
    r"(?:facture|avoir)\s*(?:n°|nº|no\b\.?|num[ée]ro)|num[ée]ro de (?:la )?facture",
    r"(?:n°|nº|numero|num\.)\s*(?:di )?fattura|fattura\s*(?:n°|n\.|nr\.?|numero)",
    r"factura\s*(?:n°|nº|no\.?|n[úu]mero)|receipt\s*(?:number|no\b\.?|#)",
    r"(?:document|bill)\s*(?:number|no\b\.?|#)",
)
"""Labels of the invoice's number, the surest first."""

NUMBER_HEADING = re.compile(
    r"^(?:tax )?(?:invoice|rechnung|facture|factuur|fattura|credit note|gutschrift)[ :#]+",
    re.IGNORECASE,
)
"""A heading with the number right behind it: "Invoice INV/2023/03/0008"."""

DATE_LABELS = (
    r"(?:invoice|bill|credit note)\s*date|date of (?:issue|invoice)|issue date|issued(?: on)?",
    r"rechnungsdatum|belegdatum|ausstellungsdatum|gutschriftsdatum|factuurdatum",
    r"date (?:de (?:la )?facture|d['’]émission|facture)|data (?:fattura|documento)",
    r"fecha(?: de)? factura",
    r"(?<!due )(?<!order )(?<!delivery )(?<!payment )(?<!ship )\b(?:date|datum|fecha|data)\b",
)
"""Labels of the invoice's date, the surest first."""

RECIPIENT = re.compile(
    r"^(?:bill(?:ed)? to|invoice to|invoiced to|sold to|ship to|customer|client|attn|attention"
    r"|rechnung an|rechnungsempfänger|kunde|lieferadresse|facturé à|destinataire|factuuradres)\b"
    r"(?!\s+(?:service|care|support|no|nr|number|id)\b)",
    re.IGNORECASE,
)
"""Words that open the address of whoever gets the invoice."""

SENDER = re.compile(
    r"^(?:(?:from|seller|supplier|vendor|issued by|verkäufer|lieferant|rechnungssteller|émetteur)"
    r"\s*:\s*|(?:invoice|receipt|credit note) from\s*:?\s*|rechnung von\s*:?\s*)",
    re.IGNORECASE,
)
"""Words that name the issuer."""
