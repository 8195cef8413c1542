"""Makes the invoices in sample/ and sample/expected.json, the same bytes on every run.

The issuers are invented. expected.json holds what was printed, not what the automation reads, so
that the tests compare the two. Run it with the group "dev" of pyproject.toml installed.
"""

import io
import json
from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.pagesizes import A4, LETTER
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

import sample_specs as say
from sample_specs import CENT, Spec

SAMPLE = Path(__file__).resolve().parent / "sample"
GERMAN_MONTHS = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
]
FRENCH_MONTHS = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
]


def english(value: Decimal) -> str:
    """Formats 1,234.56."""
    return f"{value:,.2f}"


def german(value: Decimal) -> str:
    """Formats 1.234,56."""
    return english(value).translate(str.maketrans(",.", ".,"))


def swiss(value: Decimal) -> str:
    """Formats 1'234.56."""
    return english(value).replace(",", "'")


def french(value: Decimal) -> str:
    """Formats 1 234,56 with a no-break space."""
    return english(value).translate(str.maketrans(",.", "\u00a0,"))


def indian(value: Decimal) -> str:
    """Formats 1,23,456.00."""
    whole, fraction = f"{value:.2f}".split(".")
    head, tail = whole[:-3], whole[-3:]
    groups: list[str] = []
    while head:
        groups.insert(0, head[-2:])
        head = head[:-2]
    return ",".join([*groups, tail]) + "." + fraction


class Sheet:
    """A canvas measured from the top left corner, in points."""

    def __init__(
        self, size: tuple[float, float], encrypt: StandardEncryption | None = None
    ) -> None:
        """Opens an empty document whose bytes do not depend on the time."""
        self.buffer = io.BytesIO()
        self.height = size[1]
        self.canvas = Canvas(self.buffer, pagesize=size, invariant=1, encrypt=encrypt)

    def text(self, x: float, y: float, text: str, size: float = 10, bold: bool = False) -> None:
        """Writes text from x to the right."""
        self.canvas.setFont("Helvetica-Bold" if bold else "Helvetica", size)
        self.canvas.drawString(x, self.height - y, text)

    def right(self, x: float, y: float, text: str, size: float = 10, bold: bool = False) -> None:
        """Writes text that ends at x."""
        self.canvas.setFont("Helvetica-Bold" if bold else "Helvetica", size)
        self.canvas.drawRightString(x, self.height - y, text)

    def block(self, x: float, y: float, lines: Sequence[str], size: float = 10) -> None:
        """Writes lines below one another."""
        for index, line in enumerate(lines):
            self.text(x, y + index * (size + 4), line, size)

    def rule(self, y: float, x0: float = 50, x1: float = 545) -> None:
        """Draws a horizontal line."""
        self.canvas.line(x0, self.height - y, x1, self.height - y)

    def table(self, y: float, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> float:
        """Writes a table of description, quantity, price and amount; returns the y below it."""
        edges = (320, 430, 545)
        self.text(50, y, heads[0], 9, True)
        for edge, head in zip(edges, heads[1:], strict=True):
            self.right(edge, y, head, 9, True)
        self.rule(y + 5)
        for row in rows:
            y += 16
            self.text(50, y, row[0], 9)
            for edge, value in zip(edges, row[1:], strict=True):
                self.right(edge, y, value, 9)
        self.rule(y + 6)
        return y + 24

    def pairs(self, y: float, pairs: Sequence[tuple[str, str]], x0: float = 350) -> float:
        """Writes labels at x0 with their values at the right edge; the last in bold."""
        for index, (label, value) in enumerate(pairs):
            bold = index == len(pairs) - 1
            self.text(x0, y, label, 10, bold)
            self.right(545, y, value, 10, bold)
            y += 16
        return y

    def bytes(self) -> bytes:
        """Closes the document."""
        self.canvas.save()
        return self.buffer.getvalue()


def table_rows(spec: Spec, show: Callable[[Decimal], str]) -> list[list[str]]:
    """Formats the lines of an invoice for a table."""
    return [[text, str(n), show(unit), show(total)] for text, n, unit, total, _ in spec.lines()]


def german_letter(
    spec: Spec, with_totals: bool = True, encrypt: StandardEncryption | None = None
) -> bytes:
    """A letter with sender line, window address, information block, carried sums and footer."""
    sheet = Sheet(A4, encrypt)
    show = german
    rows = table_rows(spec, show)
    carried = Decimal(0)
    per_page = 30
    pages = [rows[start : start + per_page] for start in range(0, len(rows), per_page)]
    for page, chunk in enumerate(pages, 1):
        sheet.text(50, 110, f"{spec.issuer} · Hafenstraße 12 · 20457 Hamburg", 7)
        sheet.block(50, 130, ["Meridian Handels GmbH", "Lindenallee 5", "50968 Köln"])
        sheet.text(50, 220, "Rechnung" if with_totals else "Leistungsnachweis", 16, True)
        sheet.right(545, 220, f"Seite {page} von {len(pages)}", 9)
        day = spec.date
        for index, (label, value) in enumerate(
            [
                ("Rechnungsnr.", spec.number),
                ("Kundennr.", "47110"),
                ("Rechnungsdatum", f"{day.day}. {GERMAN_MONTHS[day.month - 1]} {day.year}"),
                ("Lieferdatum", "02.01.2024"),
            ]
        ):
            sheet.text(350, 130 + index * 14, label, 9)
            sheet.text(450, 130 + index * 14, value, 9)
        y = 250.0
        if page > 1:
            sheet.text(50, y, "Übertrag", 9)
            sheet.right(545, y, show(carried), 9)
            y += 18
        y = sheet.table(y, ("Bezeichnung", "Menge", "Einzelpreis", "Betrag"), chunk)
        done = spec.lines()[: page * per_page]
        carried = sum((line[3] for line in done), Decimal(0))
        sheet.block(
            50,
            785,
            [
                f"{spec.issuer}   Geschäftsführung: Jana Petersen   Amtsgericht Hamburg HRB 104711",
                "IBAN DE02 1203 0000 0000 2020 51   USt-IdNr. DE 811 907 980   www.example.com",
            ],
            7,
        )
        if page < len(pages):
            sheet.text(50, y, "Zwischensumme (Übertrag)", 9)
            sheet.right(545, y, show(carried), 9)
            sheet.canvas.showPage()
    if with_totals:
        pairs = [("Nettobetrag", f"{show(spec.net)} €")]
        for rate, base, tax in spec.taxes():
            pairs.append((f"zzgl. {rate} % MwSt. auf {show(base)} €", f"{show(tax)} €"))
        y = sheet.pairs(y, [*pairs, ("Rechnungsbetrag", f"{show(spec.total)} €")], 310)
        sheet.text(50, y + 20, "Zahlbar ohne Abzug innerhalb von 14 Tagen.", 9)
    else:
        sheet.text(50, y, "Die Abrechnung erfolgt zum Monatsende.", 9)
    return sheet.bytes()


def british(spec: Spec) -> bytes:
    """A sheet whose number and dates stand under their headings."""
    sheet = Sheet(A4)
    credit = spec.sign < 0
    sheet.text(50, 70, spec.issuer, 18, True)
    sheet.block(
        50, 90, ["Unit 4, Canal Wharf", "Leeds LS11 5QN", "accounts@brightwater.example"], 9
    )
    sheet.right(545, 70, "CREDIT NOTE" if credit else "INVOICE", 20, True)
    sheet.block(50, 165, ["Bill to", "Meridian Trading Ltd", "9 Mercer Street", "London E1 6AN"])
    name = "Credit note number" if credit else "Invoice number"
    day = f"{spec.date.day} {spec.date:%B %Y}"
    for x, label, value in (
        (50, name, spec.number),
        (220, "Due date", "30 April 2024"),
        (380, "Credit note date" if credit else "Invoice date", day),
    ):
        sheet.text(x, 250, label, 9, True)
        sheet.text(x, 265, value)
    y = sheet.table(300, ("Description", "Qty", "Unit price", "Amount"), table_rows(spec, english))
    ((rate, _, tax),) = spec.taxes()
    sheet.pairs(
        y,
        [
            ("Subtotal", f"£{english(spec.net)}"),
            (f"VAT @ {rate}%", f"£{english(tax)}"),
            ("Total credited" if credit else "Total", f"£{english(spec.total)}"),
        ],
    )
    sheet.text(50, 780, "VAT Registration No. GB 123 4567 89   Company No. 08123456", 8)
    return sheet.bytes()


def american(spec: Spec) -> bytes:
    """A sheet with two addresses side by side, dates month first, shipping and sales tax."""
    sheet = Sheet(LETTER)
    sheet.text(50, 60, spec.issuer, 16, True)
    sheet.block(50, 78, ["1200 Harbor Way", "Portland, OR 97209"], 9)
    sheet.block(
        50, 130, ["Bill To", "Meridian Trading LLC", "88 Pine Street", "New York, NY 10005"], 9
    )
    sheet.block(300, 130, ["Ship To", "Meridian Warehouse Inc.", "Dock 7", "Newark, NJ 07114"], 9)
    for index, (label, value) in enumerate(
        [
            ("Invoice #:", spec.number),
            ("Date:", f"{spec.date:%m/%d/%Y}"),
            ("Due Date:", "07/31/2024"),
            ("Terms:", "Net 30"),
        ]
    ):
        sheet.text(420, 60 + index * 14, label, 9, True)
        sheet.right(545, 60 + index * 14, value, 9)
    y = sheet.table(220, ("Item", "Qty", "Rate", "Amount"), table_rows(spec, english))
    ((rate, _, tax),) = spec.taxes()
    pairs = [("Subtotal", f"${english(spec.goods)}")]
    if Decimal(spec.shipping):
        pairs.append(("Shipping & Handling", f"${english(Decimal(spec.shipping))}"))
    pairs += [(f"Sales Tax ({rate}%)", f"${english(tax)}"), ("Total", f"${english(spec.total)}")]
    y = sheet.pairs(y, pairs)
    sheet.text(350, y + 10, "Amount Due (USD)", 12, True)
    sheet.right(545, y + 10, f"${english(spec.total)}", 12, True)
    return sheet.bytes()


def swiss_bill(spec: Spec) -> bytes:
    """A letter with apostrophes in amounts and a payment slip at the foot."""
    sheet = Sheet(A4)
    sheet.block(50, 60, [spec.issuer, "Bahnhofstrasse 21", "6003 Luzern", "CHE-116.281.710 MWST"])
    sheet.block(330, 130, ["Kunde", "Meridian Suisse AG", "Talstrasse 8", "8001 Zürich"])
    sheet.text(50, 220, f"Rechnung Nr. {spec.number}", 14, True)
    sheet.text(50, 240, f"Datum: {spec.date:%d.%m.%Y}")
    y = sheet.table(270, ("Leistung", "Anzahl", "Preis", "CHF"), table_rows(spec, swiss))
    ((rate, _, tax),) = spec.taxes()
    sheet.pairs(
        y,
        [
            ("Zwischensumme", swiss(spec.net)),
            (f"MWST {rate} %", swiss(tax)),
            ("Total CHF", swiss(spec.total)),
        ],
    )
    sheet.rule(640, 0, 595)
    sheet.text(50, 660, "Zahlteil", 11, True)
    sheet.block(50, 690, ["Währung", "CHF"], 8)
    sheet.block(120, 690, ["Betrag", swiss(spec.total)], 8)
    sheet.block(250, 690, ["Konto / Zahlbar an", "CH44 3199 9123 0008 8901 2", spec.issuer], 8)
    return sheet.bytes()


def french_sheet(spec: Spec) -> bytes:
    """A sheet with HT, TVA and TTC, amounts grouped by no-break spaces."""
    sheet = Sheet(A4)
    sheet.text(50, 70, spec.issuer, 15, True)
    sheet.block(50, 90, ["14 rue des Tanneurs", "69001 Lyon", "SIRET 732 829 320 00074"], 9)
    sheet.block(340, 90, ["Facturé à", "Meridian France SAS", "3 quai Voltaire", "75007 Paris"])
    sheet.text(50, 190, f"Facture n° {spec.number}", 14, True)
    day = f"{spec.date.day} {FRENCH_MONTHS[spec.date.month - 1]} {spec.date.year}"
    sheet.text(50, 210, f"Date : {day}")
    heads = ("Désignation", "Qté", "Prix unitaire", "Montant")
    y = sheet.table(240, heads, table_rows(spec, french))
    ((rate, _, tax),) = spec.taxes()
    sheet.pairs(
        y,
        [
            ("Total HT", f"{french(spec.net)} €"),
            (f"TVA {rate} %", f"{french(tax)} €"),
            ("Total TTC", f"{french(spec.total)} €"),
        ],
    )
    return sheet.bytes()


def indian_sheet(spec: Spec) -> bytes:
    """A tax invoice with the tax in two halves and lakh grouping."""
    sheet = Sheet(A4)
    sheet.text(50, 60, "TAX INVOICE", 12, True)
    sheet.text(50, 85, spec.issuer, 14, True)
    sheet.block(50, 102, ["41 Residency Road, Bengaluru 560025", "GSTIN 29AABCS1429B1ZB"], 9)
    sheet.text(50, 150, f"Invoice No: {spec.number}")
    sheet.text(330, 150, f"Invoice Date: {spec.date:%d-%m-%Y}")
    sheet.block(50, 180, ["Bill to:", "Meridian India Pvt. Ltd.", "Andheri East, Mumbai"], 9)
    y = sheet.table(250, ("Particulars", "Qty", "Rate", "Amount"), table_rows(spec, indian))
    pairs = [("Taxable Value", f"Rs. {indian(spec.net)}")]
    for name, (rate, _, tax) in zip(("CGST", "SGST"), halves(spec), strict=True):
        pairs.append((f"{name} @ {rate}%", f"Rs. {indian(tax)}"))
    sheet.pairs(y, [*pairs, ("Grand Total", f"Rs. {indian(spec.total)}")])
    return sheet.bytes()


def halves(spec: Spec) -> list[tuple[Decimal, Decimal, Decimal]]:
    """Splits the one tax into central and state tax."""
    ((rate, base, tax),) = spec.taxes()
    half = (tax / 2).quantize(CENT, ROUND_HALF_UP)
    return [(rate / 2, base, half), (rate / 2, base, tax - half)]


def receipt(spec: Spec) -> bytes:
    """A subscription receipt whose sums stand under their headings."""
    sheet = Sheet(A4)
    sheet.text(50, 80, "Receipt", 22, True)
    sheet.block(50, 110, [f"From: {spec.issuer}", "77 Grand Canal Street, Dublin 2"])
    sheet.block(50, 160, ["Customer: Meridian Trading Ltd", f"Invoice number {spec.number}"])
    sheet.text(50, 190, f"Issued {spec.date.isoformat()}")
    y = sheet.table(230, ("Plan", "Seats", "Per seat", "EUR"), table_rows(spec, english))
    for x, head, value in (
        (300, "Net", spec.net),
        (400, "VAT", spec.tax),
        (545, "Total", spec.total),
    ):
        sheet.right(x, y, head, 9, True)
        sheet.right(x, y + 16, f"€{english(value)}")
    return sheet.bytes()


def scan(spec: Spec) -> bytes:
    """A page that is only a picture of an invoice."""
    picture = Image.new("L", (620, 877), 245)
    pen = ImageDraw.Draw(picture)
    font = ImageFont.load_default()
    for index, line in enumerate(
        [spec.issuer, f"Invoice {spec.number}", f"Date {spec.date}", f"Total EUR {spec.total}"]
    ):
        pen.text((60, 80 + index * 40), line, fill=40, font=font)
    sheet = Sheet(A4)
    sheet.canvas.drawImage(ImageReader(picture.rotate(0.7, fillcolor=245)), 0, 0, *A4)
    return sheet.bytes()


DRAWN: tuple[tuple[Spec, Callable[[Spec], bytes]], ...] = (
    (say.NORDWIND, german_letter),
    (say.NORDWIND_MARCH, german_letter),
    (say.KRUEGER, german_letter),
    (say.BRIGHTWATER, british),
    (say.BRIGHTWATER_CREDIT, british),
    (say.CASCADE, american),
    (say.HARBORLINE, american),
    (say.ALPENBLICK, swiss_bill),
    (say.LUMIERE, french_sheet),
    (say.SAFFRON, indian_sheet),
    (say.CLOUDKETTLE, receipt),
)


def main() -> None:
    """Writes the files."""
    documents: dict[str, bytes] = {}
    expected: dict[str, dict[str, Any]] = {}

    def keep(
        file: str, document: bytes, status: str, reason: str = "", spec: Spec | None = None
    ) -> None:
        documents[file] = document
        fields = spec.fields() if spec else {}
        expected[file] = {"status": status, "reason": reason, "fields": fields}

    for spec, draw in DRAWN:
        if Decimal(spec.misprint):
            keep(spec.file, draw(spec), "check", "do not add up", spec)
        else:
            keep(spec.file, draw(spec), "ok", "", spec)

    first = say.BRIGHTWATER
    again = documents[first.file]
    keep("brightwater-resent.pdf", again, "duplicate", f"number as {first.file}", first)
    keep("scan-0007.pdf", scan(say.NORDWIND), "problem", "no text")
    whole = documents[say.NORDWIND_MARCH.file]
    keep("download-interrupted.pdf", whole[: len(whole) * 3 // 5], "problem", "damaged")
    lock = StandardEncryption("open sesame", ownerPassword="owner", strength=128)
    locked = german_letter(say.NORDWIND, encrypt=lock)
    keep("payroll-protected.pdf", locked, "problem", "password")
    proof = german_letter(say.NORDWIND_MARCH, with_totals=False)
    keep("nordwind-leistungsnachweis.pdf", proof, "problem", "not found: currency, total")

    SAMPLE.mkdir(exist_ok=True)
    for file, document in documents.items():
        (SAMPLE / file).write_bytes(document)
    text = json.dumps(dict(sorted(expected.items())), indent=2, ensure_ascii=False)
    (SAMPLE / "expected.json").write_text(text + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
