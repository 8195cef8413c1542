"""Fields from text: what the general reading does with wording that the samples do not have."""

from datetime import date
from decimal import Decimal

import pytest

from invoices.extract import extract
from invoices.model import Invoice
from invoices.read import Document

BASE = """
Fabrikam Ltd
Invoice number: F-100
Invoice date: 5 March 2024
Bill to: Meridian Trading Ltd
"""


def read(text: str) -> Invoice:
    return extract(Document.from_text(text))


def amounts(text: str) -> tuple[str, str, str]:
    found = read(BASE + text)
    return (str(found.net), str(found.tax), str(found.total))


def test_reads_a_plain_invoice() -> None:
    found = read(BASE + "Net £100.00\nVAT 20% £20.00\nTotal £120.00")
    assert found == Invoice(
        "Fabrikam Ltd",
        "F-100",
        date(2024, 3, 5),
        "GBP",
        Decimal("100.00"),
        Decimal("20.00"),
        Decimal("120.00"),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Two rates; the taxes are summed.
        ("Net 150.00\nVAT 20% 20.00\nVAT 5% 2.50\nTotal EUR 172.50", ("150.00", "22.50", "172.50")),
        # A tax total beside its parts counts once.
        (
            "Subtotal 150.00\nVAT 20% 20.00\nVAT 5% 2.50\nTotal VAT 22.50\nTotal 172.50 EUR",
            ("150.00", "22.50", "172.50"),
        ),
        # Subtotals per section before the real one.
        ("Subtotal 10.00\nSubtotal 20.00\nSubtotal 30.00\nTax 3.00\nTotal $33.00", ("30.00", "3.00", "33.00")),
        # A discount between subtotal and tax.
        ("Subtotal 100.00\nDiscount 10.00\nVAT 18.00\nTotal £108.00", ("90.00", "18.00", "108.00")),
        # What is still to pay is not the invoice's total.
        ("Net 100.00\nVAT 20.00\nTotal £120.00\nAmount due £20.00", ("100.00", "20.00", "120.00")),
        # The word for the tax inside the label of the total is no tax line.
        ("Nettobetrag 100,00\nMwSt. 19 % 19,00\nGesamtbetrag inkl. MwSt. 119,00 €", ("100.00", "19.00", "119.00")),
        ("Total HT 1 000,00\nTVA 20 % 200,00\nNet à payer 1 200,00 €", ("1000.00", "200.00", "1200.00")),
        ("Totaal excl. BTW 50,00\nBTW 21% 10,50\nTotaal incl. BTW € 60,50", ("50.00", "10.50", "60.50")),
        # Only tax and total are stated.
        ("Tax 8.00\nTotal $108.00", ("100.00", "8.00", "108.00")),
        ("Grand Total Rs 1939", ("None", "None", "1939")),
        # Other text of the same height stands left of the sums.
        ("IBAN GB33\tNet\t£10.00\nBIC ABC\tVAT\t£2.00\nThanks\tTotal\t£12.00", ("10.00", "2.00", "12.00")),
        # The total is alone on the line below its label.
        ("Total\n£12.00", ("None", "None", "12.00")),
        # A date on the line of the total is no amount.
        ("Total due on 31.05.14 EUR 12,00", ("None", "None", "12.00")),
    ],
)  # fmt: skip
def test_amounts(text: str, expected: tuple[str, str, str]) -> None:
    assert amounts(text) == expected


def test_a_lone_tax_heading_over_items_is_not_a_sum() -> None:
    assert amounts("VAT\n1 Widget incl. case\t3,89\nTotal EUR 3,89") == ("None", "None", "3.89")


def test_a_cent_of_rounding_is_accepted_and_two_are_not() -> None:
    assert read(BASE + "Net 10.00\nVAT 2.01\nTotal £12.02").doubts == ()
    (doubt,) = read(BASE + "Net 10.00\nVAT 2.00\nTotal £12.02").doubts
    assert "do not add up" in doubt


def test_a_missing_tax_line_is_a_doubt() -> None:
    (doubt,) = read(BASE + "Net £10.00\nTotal £12.00").doubts
    assert "no tax is stated" in doubt


def test_names_what_is_missing() -> None:
    assert read(BASE).missing() == ["currency", "total"]
    assert read("Hello there\nTotal £5.00").missing() == ["number", "date"]


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("Invoice No. 2024/17", "2024/17"),
        ("Invoice #A-99", "A-99"),
        ("TAX INVOICE NO: SF/24/091", "SF/24/091"),
        ("Invoice INV/2023/03/0008", "INV/2023/03/0008"),
        ("Rechnungs-Nr.: RE 20240815", "RE 20240815"),
        ("Rechnung Nr. 4711", "4711"),
        ("Facture n° FA-2024-31", "FA-2024-31"),
        ("Fattura n. 12/A3", "12/A3"),
        ("Invoice number\tInvoice date\nX-1001\t5 March 2024", "X-1001"),
        ("Rechnung\tSeite 1\nRechnungsnr.\t3006\tKundennr.\t47774", "3006"),
        # An address under a heading is not its number.
        ("INVOICE\n12 Mercer Street", None),
        ("Invoice date: 2024-03-05", None),
    ],
)
def test_numbers(line: str, number: str | None) -> None:
    assert read(f"Fabrikam Ltd\n{line}\nTotal £5.00").number == number


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Due Date: 31/07/2024\nDate: 30/06/2024", date(2024, 6, 30)),
        ("Order date: 1 May 2024\nInvoice date: 2 May 2024", date(2024, 5, 2)),
        ("Lieferdatum 01.02.2024\nRechnungsdatum 05.02.2024", date(2024, 2, 5)),
        ("Invoice Date:\tDue Date:\n03/20/2023\t04/04/2023", date(2023, 3, 20)),
        ("Leeds, 5 March 2024", date(2024, 3, 5)),
        ("from 5 March 2024 to 6 March 2024", None),
    ],
)
def test_dates(text: str, day: date | None) -> None:
    assert read(f"Fabrikam Ltd\n{text}\nTotal £5.00").date == day


def test_slashes_are_read_by_country() -> None:
    text = "Fabrikam Ltd\n{place}\nInvoice date: 03/04/2024\nTotal {total}"
    american = read(text.format(place="Portland, OR 97209", total="$5.00"))
    assert (american.date, american.doubts) == (date(2024, 3, 4), ())
    british = read(text.format(place="Leeds", total="£5.00"))
    assert (british.date, british.doubts) == (date(2024, 4, 3), ())
    unknown = read(text.format(place="Somewhere", total="$5.00"))
    assert unknown.doubts == ("day and month of the date could be exchanged",)


@pytest.mark.parametrize(
    ("text", "issuer"),
    [
        ("Fabrikam GmbH - Am Ring 3 - Bonn\nMeridian AG", "Fabrikam GmbH"),
        ("INVOICE\tFabrikam B.V.\nWeena 664", "Fabrikam B.V."),
        ("From: Fabrikam\nMeridian Ltd", "Fabrikam"),
        ("Invoice from Fabrikam Ltd", "Fabrikam Ltd"),
        ("From: 1 July to 31 July\nFabrikam Ltd", "Fabrikam Ltd"),
        ("Meridian Ltd\nwww.fabrikam.example\nFabrikam Ltd", "Fabrikam Ltd"),
        ("Global Wholesaler\nAzure Interior\nhttp://www.azure-interior.com", "Azure Interior"),
        ("Customer\tMeridian Ltd\n1\n2\n3\n4\n5\nFabrikam Inc.", "Fabrikam Inc."),
        ("This hosting is sold by the company that is called Fabrikam Ltd\nShop\nMain St", None),
    ],
)
def test_issuers(text: str, issuer: str | None) -> None:
    found = read(f"{text}\nTotal £5.00")
    if issuer is not None:
        assert found.issuer == issuer
        assert found.doubts == ()
    else:
        # Nothing sure was found, so a person is asked.
        assert "the issuer is guessed from the first line" in found.doubts


def test_the_recipient_is_not_the_issuer() -> None:
    assert read("Bill to\nMeridian Trading Ltd\n9 Mercer Street\nTotal £5.00").issuer is None


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("All prices in CHF\nTotal 5.00", "CHF"),
        ("Total 5,00 €", "EUR"),
        ("All amounts in CAD\nTotal $5.00", "CAD"),
        ("Converted from CAD\nTotal US$5.00", "USD"),
        ("Total 5.00", None),
    ],
)
def test_currencies(text: str, currency: str | None) -> None:
    assert read(BASE + text).currency == currency
