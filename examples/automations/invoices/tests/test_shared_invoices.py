"""Real invoices of five companies, which are not part of this repository."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from conftest import ROOT

from invoices.batch import examine
from invoices.model import Status

SHARED = ROOT.parents[2].parent / "shared" / "data" / "invoices"
FILES = sorted(SHARED.glob("*.pdf")) if SHARED.is_dir() else []

pytestmark = pytest.mark.skipif(
    not SHARED.is_dir(), reason="the folder with the real invoices is not on this machine"
)


def squeeze(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def money(value: float) -> Decimal:
    return Decimal(str(value))


def test_the_real_invoices_are_there() -> None:
    assert len(FILES) >= 5


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_real_invoice(path: Path) -> None:
    (expected,) = json.loads(path.with_suffix(".expected.json").read_text(encoding="utf-8"))
    entry = examine(path)
    invoice = entry.invoice
    assert entry.status is Status.OK, entry.reason
    assert invoice.issuer is not None
    assert squeeze(expected["issuer"]) in squeeze(invoice.issuer)
    assert invoice.number == expected["invoice_number"]
    assert str(invoice.date) == expected["date"]
    assert invoice.currency == expected["currency"]
    assert invoice.total == money(expected["amount"])
    if invoice.net is not None:
        assert invoice.net == money(expected["amount_untaxed"])
    if "amount_tax" in expected:
        assert invoice.tax == money(expected["amount_tax"])
