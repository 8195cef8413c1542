"""Keeps a report of each day in a storage bucket, and sums up what is there."""

import csv
import io
from datetime import date
from decimal import Decimal

import openautomate


def run(day: date, amounts: list[Decimal], bucket: str = "reports") -> dict[str, object]:
    """Writes the report of a day, once; then sums up the month.

    Args:
        day: Which day.
        amounts: What was paid on it.
        bucket: The bucket of the reports.

    Returns:
        The ``key`` of the report, whether it was ``new``, and the ``total`` of the month so far.
    """
    reports = openautomate.bucket(bucket)
    key = f"{day:%Y/%m/%d}.csv"
    new = True
    try:
        # A day is reported once, whoever else does it at the same time.
        reports.put(key, written(amounts), if_absent=True)
    except openautomate.BucketError as error:
        if error.kind != "conflict":
            raise
        new = False
        openautomate.log.warning("%s is there already and stays", key)
    days = list(reports.list(f"{day:%Y/%m/}"))
    total = sum((amount for report in days for amount in read(reports.get(report.key))), Decimal())
    openautomate.log.info("%d days, %s in all", len(days), total)
    return {"key": key, "new": new, "total": total}


def written(amounts: list[Decimal]) -> bytes:
    """The report: an amount a line."""
    text = io.StringIO()
    csv.writer(text).writerows([amount] for amount in amounts)
    return text.getvalue().encode()


def read(content: bytes) -> list[Decimal]:
    """The amounts of a report."""
    return [Decimal(line[0]) for line in csv.reader(io.StringIO(content.decode()))]
