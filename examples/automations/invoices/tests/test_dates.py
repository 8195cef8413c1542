"""Dates as printed in many countries."""

from datetime import date

import pytest

from invoices.dates import find_dates, mask_dates, slash_order


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2024-03-05", date(2024, 3, 5)),
        ("2024/03/05", date(2024, 3, 5)),
        ("05.03.2024", date(2024, 3, 5)),
        ("5. 3. 2024", date(2024, 3, 5)),
        ("05.03.24", date(2024, 3, 5)),
        ("7. Mai 2014", date(2014, 5, 7)),
        ("12. März 2024", date(2024, 3, 12)),
        ("19 april 2014", date(2014, 4, 19)),
        ("August 3 , 2014", date(2014, 8, 3)),
        ("Aug. 3rd, 2014", date(2014, 8, 3)),
        ("3rd August 2014", date(2014, 8, 3)),
        ("03-Aug-2014", date(2014, 8, 3)),
        ("12 août 2024", date(2024, 8, 12)),
        ("5 de enero de 2024", date(2024, 1, 5)),
        ("31/12/2017", date(2017, 12, 31)),
        ("03/20/2023", date(2023, 3, 20)),
        ("31-12-2017", date(2017, 12, 31)),
        ("29 February 2024", date(2024, 2, 29)),
    ],
)
def test_reads(text: str, day: date) -> None:
    (found,) = find_dates(f"on {text} in Rome")
    assert found.value == day
    assert not found.ambiguous


@pytest.mark.parametrize(
    "text", ["30.02.2024", "29 February 2023", "13/13/2024", "1.2.3", "192.168.10.12", "12/34/5678"]
)
def test_finds_none(text: str) -> None:
    assert find_dates(text) == []


def test_the_order_decides_what_is_ambiguous() -> None:
    text = "03/04/2024"
    assert [(f.value, f.ambiguous) for f in find_dates(text)] == [(date(2024, 4, 3), True)]
    assert [(f.value, f.ambiguous) for f in find_dates(text, True)] == [(date(2024, 3, 4), False)]
    assert [(f.value, f.ambiguous) for f in find_dates(text, False)] == [(date(2024, 4, 3), False)]
    assert [f.ambiguous for f in find_dates("04/04/2024")] == [False]


def test_other_dates_tell_the_order() -> None:
    assert slash_order("03/04/2024 due 07/31/2024") is True
    assert slash_order("03/04/2024 due 31/07/2024") is False
    assert slash_order("03/04/2024") is None
    assert slash_order("31/07/2024 and 07/31/2024") is None


def test_masking_keeps_offsets() -> None:
    text = "due 21.05.14 pay 12,50"
    assert mask_dates(text) == "due          pay 12,50"
