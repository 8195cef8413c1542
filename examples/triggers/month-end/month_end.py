"""Has another package check each total, and adds up what came of it."""

from __future__ import annotations

import openautomate


def run(totals: list[float]) -> dict[str, object]:
    """Starts all checks, then waits for each; the slot of this run is lent to them meanwhile."""
    children = [openautomate.start("check", {"total": total}) for total in totals]
    good, bad = 0.0, []
    for total, child in zip(totals, children, strict=True):
        try:
            good += child.wait()["total"]
        except openautomate.ChildFailed as error:
            bad.append(f"{total}: {error.error}")
    return {"sum": good, "refused": bad}
