"""Writes the ledger: an XLSX workbook and the same rows as CSV."""

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from invoices.model import Entry, Status

Value = str | int | Decimal | date | None

LEDGER_COLUMNS = (
    "File",
    "Issuer",
    "Number",
    "Date",
    "Currency",
    "Net",
    "Tax",
    "Total",
    "Status",
    "Note",
)
SUMMARY_COLUMNS = ("Issuer", "Currency", "Invoices", "Net", "Tax", "Total", "First", "Last")
PROBLEM_COLUMNS = ("File", "Status", "Reason")

_AMOUNT = "#,##0.00;[Red]-#,##0.00"
_DATE = "yyyy-mm-dd"
_MAX_TEXT = 32_000
_MAX_WIDTH = 60
# What XML cannot hold, and so neither can a workbook.
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_FILLS = {
    Status.CHECK: PatternFill("solid", fgColor="FFF2CC"),
    Status.DUPLICATE: PatternFill("solid", fgColor="DDEBF7"),
    Status.PROBLEM: PatternFill("solid", fgColor="F8CBAD"),
}


@dataclass
class IssuerSummary:
    """The booked invoices of one issuer in one currency."""

    issuer: str
    currency: str
    invoices: int = 0
    net: Decimal = Decimal(0)
    """Sum of the nets that are known."""
    tax: Decimal = Decimal(0)
    """Sum of the taxes that are known."""
    total: Decimal = Decimal(0)
    first: date | None = None
    last: date | None = None


def summarize(entries: Iterable[Entry]) -> list[IssuerSummary]:
    """Sums the booked invoices per issuer and currency, sorted by issuer."""
    sums: dict[tuple[str, str], IssuerSummary] = {}
    for entry in entries:
        invoice = entry.invoice
        if not entry.status.booked or invoice.total is None:
            continue
        issuer, currency = invoice.issuer or "", invoice.currency or ""
        key = (issuer.casefold(), currency)
        row = sums.setdefault(key, IssuerSummary(issuer, currency))
        row.invoices += 1
        row.net += invoice.net or 0
        row.tax += invoice.tax or 0
        row.total += invoice.total
        if invoice.date is not None:
            row.first = min(row.first or invoice.date, invoice.date)
            row.last = max(row.last or invoice.date, invoice.date)
    return [sums[key] for key in sorted(sums)]


def totals_by_currency(entries: Iterable[Entry]) -> dict[str, str]:
    """Sums the booked totals per currency, as text with two decimals."""
    totals: dict[str, Decimal] = {}
    for row in summarize(entries):
        totals[row.currency] = totals.get(row.currency, Decimal(0)) + row.total
    return {currency: f"{total:.2f}" for currency, total in sorted(totals.items())}


def write_xlsx(entries: Sequence[Entry], path: Path) -> None:
    """Writes the workbook with the sheets Ledger, Summary and Problems."""
    workbook = Workbook()
    sheet = workbook.active
    if not isinstance(sheet, Worksheet):
        raise TypeError("a new workbook has no worksheet")
    sheet.title = "Ledger"
    fills = [_FILLS.get(entry.status) for entry in entries]
    _fill(sheet, LEDGER_COLUMNS, [_row(entry) for entry in entries], fills)
    _fill(
        workbook.create_sheet("Summary"),
        SUMMARY_COLUMNS,
        [
            (s.issuer, s.currency, s.invoices, s.net, s.tax, s.total, s.first, s.last)
            for s in summarize(entries)
        ],
    )
    _fill(
        workbook.create_sheet("Problems"),
        PROBLEM_COLUMNS,
        [(e.file, e.status.value, e.reason) for e in entries if e.status is not Status.OK],
    )
    workbook.save(path)


def write_csv(entries: Iterable[Entry], path: Path) -> None:
    """Writes the rows of the sheet Ledger as CSV: UTF-8 with a mark, so that Excel reads it."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(LEDGER_COLUMNS)
        for entry in entries:
            writer.writerow([_csv_value(value) for value in _row(entry)])


def _row(entry: Entry) -> tuple[Value, ...]:
    i = entry.invoice
    return (
        entry.file,
        i.issuer,
        i.number,
        i.date,
        i.currency,
        i.net,
        i.tax,
        i.total,
        entry.status.value,
        entry.note,
    )


def _csv_value(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    if isinstance(value, str):
        text = _clean(value)
        # A spreadsheet would run such a text as a formula; the apostrophe is the usual guard.
        return f"'{text}" if text.startswith(_FORMULA) else text
    return str(value)


def _fill(
    sheet: Worksheet,
    columns: Sequence[str],
    rows: Sequence[Sequence[Value]],
    fills: Sequence[PatternFill | None] = (),
) -> None:
    for column, title in enumerate(columns, 1):
        cell = sheet.cell(1, column, title)
        cell.font = Font(bold=True)
        cell.alignment = Alignment(horizontal="left", vertical="center")
    widths = [len(title) + 4 for title in columns]
    for number, row in enumerate(rows, 2):
        for column, value in enumerate(row, 1):
            cell = sheet.cell(number, column)
            _set(cell, value)
            if (fill := fills[number - 2] if fills else None) is not None:
                cell.fill = fill
            shown = f"{value:,.2f}" if isinstance(value, Decimal) else str(value or "")
            widths[column - 1] = max(widths[column - 1], len(shown) + 2)
    for column, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(column)].width = min(width, _MAX_WIDTH)
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{len(rows) + 1}"


def _set(cell: Cell, value: Value) -> None:
    if isinstance(value, str):
        text = _clean(value)
        cell.value = text
        # Text from a stranger's file stays text, also when it begins like a formula.
        cell.data_type = "s"
        if text.startswith(_FORMULA):
            cell.quotePrefix = True
        return
    cell.value = value
    if isinstance(value, Decimal):
        cell.number_format = _AMOUNT
    elif isinstance(value, date):
        cell.number_format = _DATE


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("", text)[:_MAX_TEXT]
