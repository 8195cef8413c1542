"""Runs the same reading without OpenAutomate: ``python -m invoices FOLDER [LEDGER.xlsx]``."""

import sys
from pathlib import Path

from invoices.batch import Batch, find_pdfs
from invoices.ledger import totals_by_currency, write_csv, write_xlsx


def main(arguments: list[str]) -> int:
    """Writes the ledger; returns 0, or 2 if the arguments are wrong."""
    if len(arguments) not in (1, 2):
        print("usage: python -m invoices FOLDER [LEDGER.xlsx]", file=sys.stderr)
        return 2
    ledger = Path(arguments[1] if len(arguments) == 2 else "ledger.xlsx")
    try:
        files = find_pdfs(Path(arguments[0]))
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    batch = Batch()
    for path in files:
        entry = batch.add(path)
        print(f"{entry.file}: {entry.status.value}" + (f": {entry.reason}" if entry.reason else ""))
    write_xlsx(batch.entries, ledger)
    write_csv(batch.entries, ledger.with_suffix(".csv"))
    for currency, total in totals_by_currency(batch.entries).items():
        print(f"total {currency} {total}")
    print(f"wrote {ledger.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
