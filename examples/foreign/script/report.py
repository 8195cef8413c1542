# /// script
# requires-python = ">=3.10"
# dependencies = []
#
# [tool.openautomate]
# timeout = "2m"
# ///
"""Sums up the sales beside it and writes a report: a script that knows nothing of OpenAutomate."""

import csv
import os
import sys
from collections import defaultdict
from pathlib import Path


def main() -> int:
    """Reads sales.csv and writes report.txt in the working directory."""
    totals: dict[str, float] = defaultdict(float)
    with open("sales.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            totals[row["region"]] += float(row["amount"])
    if not totals:
        print("sales.csv is empty", file=sys.stderr)
        return 3
    lines = [f"{region}: {total:.2f}" for region, total in sorted(totals.items())]
    Path("report.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(totals)} regions in {os.path.basename(__file__)}")
    for line in lines:
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
