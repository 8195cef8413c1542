"""The workbook and the CSV, read back."""

import csv
import datetime
from decimal import Decimal
from pathlib import Path
from zipfile import ZipFile

import pytest
from openpyxl import load_workbook

from invoices.ledger import (
    LEDGER_COLUMNS,
    PROBLEM_COLUMNS,
    SUMMARY_COLUMNS,
    totals_by_currency,
    write_csv,
    write_xlsx,
)
from invoices.model import Entry, Invoice, Status


def invoice(issuer: str, number: str, day: int, currency: str, net: str, tax: str) -> Invoice:
    total = Decimal(net) + Decimal(tax)
    date = datetime.date(2024, 3, day)
    return Invoice(issuer, number, date, currency, Decimal(net), Decimal(tax), total)


ENTRIES = [
    Entry("a.pdf", Status.OK, "", invoice("Fabrikam Ltd", "1", 9, "EUR", "100.00", "19.00")),
    Entry("b.pdf", Status.CHECK, "look", invoice("FABRIKAM Ltd", "2", 5, "EUR", "0.10", "0.20")),
    Entry("c.pdf", Status.OK, "", invoice("Fabrikam Ltd", "3", 7, "USD", "-5.00", "0.00")),
    Entry("d.pdf", Status.DUPLICATE, "as a.pdf", invoice("Fabrikam Ltd", "1", 9, "EUR", "1", "0")),
    Entry("e.pdf", Status.PROBLEM, "no text"),
    Entry("=cmd.pdf", Status.OK, "", invoice("=1+1", "+1", 1, "CHF", "1.00", "0.00")),
    Entry("f.pdf", Status.OK, "", invoice("@SUM(A1)\x07", "-2", 2, "CHF", "1.00", "0.00")),
]


@pytest.fixture(scope="module")
def workbook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ledger") / "ledger.xlsx"
    write_xlsx(ENTRIES, path)
    return path


def test_the_ledger_has_a_row_per_file(workbook: Path) -> None:
    sheet = load_workbook(workbook)["Ledger"]
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0] == LEDGER_COLUMNS
    assert len(rows) == 1 + len(ENTRIES)
    date = datetime.datetime(2024, 3, 9)
    assert rows[1] == ("a.pdf", "Fabrikam Ltd", "1", date, "EUR", 100, 19, 119, "ok", None)
    assert rows[5] == ("e.pdf", *[None] * 7, "problem", "no text")
    assert sheet["D2"].number_format == "yyyy-mm-dd"
    assert sheet["H2"].number_format.startswith("#,##0.00")
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:J8"


def test_the_summary_counts_booked_invoices_per_issuer_and_currency(workbook: Path) -> None:
    rows = list(load_workbook(workbook)["Summary"].iter_rows(values_only=True))
    assert rows[0] == SUMMARY_COLUMNS
    first, last = datetime.datetime(2024, 3, 5), datetime.datetime(2024, 3, 9)
    assert ("Fabrikam Ltd", "EUR", 2, 100.1, 19.2, 119.3, first, last) in rows
    assert [row[:3] for row in rows[1:]] == [
        ("=1+1", "CHF", 1),
        ("@SUM(A1)", "CHF", 1),
        ("Fabrikam Ltd", "EUR", 2),
        ("Fabrikam Ltd", "USD", 1),
    ]


def test_the_problems_name_everything_that_is_not_ok(workbook: Path) -> None:
    rows = list(load_workbook(workbook)["Problems"].iter_rows(values_only=True))
    assert rows == [
        PROBLEM_COLUMNS,
        ("b.pdf", "check", "look"),
        ("d.pdf", "duplicate", "as a.pdf"),
        ("e.pdf", "problem", "no text"),
    ]


def test_no_cell_is_a_formula(workbook: Path) -> None:
    for sheet in load_workbook(workbook):
        for row in sheet.iter_rows():
            assert all(cell.data_type != "f" for cell in row)
    sheet = load_workbook(workbook)["Ledger"]
    assert (sheet["A7"].value, sheet["A7"].quotePrefix) == ("=cmd.pdf", True)
    with ZipFile(workbook) as parts:
        assert b"<f>" not in parts.read("xl/worksheets/sheet1.xml")


def test_the_csv_has_the_same_rows_and_guards_formulas(tmp_path: Path) -> None:
    path = tmp_path / "ledger.csv"
    write_csv(ENTRIES, path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == list(LEDGER_COLUMNS)
    assert rows[1][:8] == [
        "a.pdf",
        "Fabrikam Ltd",
        "1",
        "2024-03-09",
        "EUR",
        "100.00",
        "19.00",
        "119.00",
    ]
    assert rows[3][5] == "-5.00"
    assert rows[6][:3] == ["'=cmd.pdf", "'=1+1", "'+1"]
    assert rows[7][1:3] == ["'@SUM(A1)", "'-2"]


def test_totals_leave_out_duplicates_and_problems() -> None:
    assert totals_by_currency(ENTRIES) == {"CHF": "2.00", "EUR": "119.30", "USD": "-5.00"}


def test_nothing_booked_still_makes_a_workbook(tmp_path: Path) -> None:
    path = tmp_path / "ledger.xlsx"
    write_xlsx([Entry("e.pdf", Status.PROBLEM, "no text")], path)
    assert load_workbook(path)["Summary"].max_row == 1
    assert totals_by_currency([]) == {}
