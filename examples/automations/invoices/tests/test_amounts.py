"""Amounts as printed in many countries."""

from decimal import Decimal

import pytest

from invoices.amounts import decimal_separator, find_money, parse_amount


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,234.56", "1234.56"),
        ("1.234,56", "1234.56"),
        ("1'234.50", "1234.50"),
        ("1’234.50", "1234.50"),
        ("1 234,56", "1234.56"),
        ("1\u00a0234,56", "1234.56"),
        ("1\u202f234\u202f567,89", "1234567.89"),
        ("1,23,456.00", "123456.00"),
        ("12,34,567.50", "1234567.50"),
        ("1,234,567", "1234567"),
        ("1.234.567", "1234567"),
        ("1.234.567,8", "1234567.8"),
        ("0.99", "0.99"),
        ("0,99", "0.99"),
        ("0.125", "0.125"),
        ("1234", "1234"),
        ("1234.5", "1234.5"),
        ("1.234", "1234"),
        ("1,234", "1234"),
        ("12.345", "12345"),
        ("€ 12,00", "12.00"),
        ("12,00 €", "12.00"),
        ("€12.00", "12.00"),
        ("EUR 1.000,00", "1000.00"),
        ("1'000.00 CHF", "1000.00"),
        ("US$ 9.99", "9.99"),
        ("Rs. 1,939", "1939"),
        ("Rs 1939", "1939"),
        ("₹1,00,000.00", "100000.00"),
        ("-12.00", "-12.00"),
        ("−12,00", "-12.00"),
        ("€ -9,32", "-9.32"),
        ("-$5.00", "-5.00"),
        ("12.00-", "-12.00"),
        ("(1,234.56)", "-1234.56"),
        ("120,-", "120"),
        ("120.–", "120"),
    ],
)
def test_parses(text: str, value: str) -> None:
    assert parse_amount(text) == Decimal(value)


@pytest.mark.parametrize(
    ("text", "decimal", "value"),
    [
        ("1.234", ".", "1.234"),
        ("1.234", ",", "1234"),
        ("1,234", ",", "1.234"),
        ("1,234", ".", "1234"),
    ],
)
def test_the_documents_separator_decides_what_is_ambiguous(
    text: str, decimal: str, value: str
) -> None:
    assert parse_amount(text, decimal) == Decimal(value)


@pytest.mark.parametrize("text", ["", "abc", "12.00 13.00", "12..00", "1,2,3", "INV-12.00", "--1"])
def test_refuses_what_is_no_amount(text: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        parse_amount(text)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("Tax 15% on $ 112.90\t$ 16.94", ["112.90", "16.94"]),
        ("19,00 % MwSt. 12,35", ["12.35"]),
        ("VAT No. GB 123 4567 89", []),
        ("CHE-116.281.710 MWST", []),
        ("IBAN DE02 1203 0000 0000 2020 51", []),
        ("10 pieces of 20", []),
        ("Net 2 100,00 EUR", ["2100.00"]),
        ("1 399,00", ["1399.00"]),
        ("1\t€ 399,00\t21%\t€ 399,00", ["399.00", "399.00"]),
        ("at 10:30, room 12.5kg", []),
        ("Total: 5.00.", ["5.00"]),
    ],
)
def test_finds_money_in_text(text: str, values: list[str]) -> None:
    assert [money.value for money in find_money(text)] == [Decimal(v) for v in values]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("€ 5.00", "EUR"),
        ("5,00 €", "EUR"),
        ("£5.00", "GBP"),
        ("$5.00", "USD"),
        ("CA$ 5.00", "CAD"),
        ("SFr. 5.00", "CHF"),
        ("Fr. 5.00", "CHF"),
        ("Rs. 500", "INR"),
        ("5.00 sek", None),
        ("5.00 SEK", "SEK"),
        ("5.00", None),
    ],
)
def test_knows_the_currency(text: str, code: str | None) -> None:
    (money,) = find_money(text)
    assert money.currency == code


def test_tells_the_decimal_separator() -> None:
    assert decimal_separator("1,00 2,00 3.00") == ","
    assert decimal_separator("12.50 and 1,200") == "."
    assert decimal_separator("1,00 2.00") is None
    assert decimal_separator("nothing") is None
