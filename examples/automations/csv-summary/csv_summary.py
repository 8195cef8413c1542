"""Counts and adds up the columns of CSV files."""

import csv
from decimal import Decimal, InvalidOperation
from pathlib import Path

import openautomate


def run(table: Path, more: list[Path] | None = None) -> dict[str, object]:
    """Adds up each column that holds numbers only.

    Args:
        table: A CSV file whose first line names the columns.
        more: Further files with the same columns.

    Returns:
        The outputs ``rows``, ``files`` (rows by file name) and ``totals`` (sums by column).

    Raises:
        ValueError: A file has no header, or other columns than the first one.
    """
    columns: list[str] = []
    files: dict[str, int] = {}
    totals: dict[str, Decimal | None] = {}
    paths = [table, *(more or [])]
    for number, path in enumerate(paths, 1):
        header, rows = read(path)
        columns = columns or header
        if header != columns:
            raise ValueError(f"{path.name} has other columns than {table.name}; give files of one kind")
        for row in rows:
            for column in columns:
                totals[column] = added(totals.get(column, Decimal(0)), row[column])
        files[path.name] = files.get(path.name, 0) + len(rows)
        openautomate.progress(number / len(paths), path.name)
        print(f"{path.name}: {len(rows)} rows")
    sums = {column: str(total) for column, total in totals.items() if total is not None}
    return {"rows": sum(files.values()), "files": files, "totals": sums}


def read(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Reads the columns and rows of a file."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, restval="")
        rows = list(reader)
    if not reader.fieldnames:
        raise ValueError(f"{path.name} is empty; its first line names the columns")
    return list(reader.fieldnames), rows


def added(total: Decimal | None, text: str) -> Decimal | None:
    """Adds a number to a total; a text that is none leaves no total."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return None if total is None or not number.is_finite() else total + number
