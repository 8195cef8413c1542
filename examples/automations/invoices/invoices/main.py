"""The entry of the automation: the only module that knows OpenAutomate."""

from pathlib import Path
from typing import Any

import openautomate

from invoices.batch import Batch, find_pdfs
from invoices.ledger import totals_by_currency, write_csv, write_xlsx
from invoices.model import Status

SAMPLES = Path(__file__).resolve().parent.parent / "sample"
"""The invoices that come with the package."""

XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def run(folder: str | None = None, ledger_name: str = "ledger.xlsx") -> dict[str, Any]:
    """Reads a folder of PDF invoices into one ledger with a summary per issuer.

    Args:
        folder: The folder with the PDF files, on the machine of the agent; without it, the
            samples of the package are read.
        ledger_name: The name of the workbook, ending in .xlsx; the CSV beside it has the same
            name ending in .csv.

    Returns:
        The outputs: ``status``; the counts ``files``, ``invoices`` (booked) and ``problems``
        (rows to look at); ``totals`` per currency as text; the names ``ledger`` and ``csv`` of
        the artifacts.

    Raises:
        ValueError: The folder does not exist or holds no PDF, or the name is not a file name
            ending in .xlsx.
    """
    workbook = _output_path(ledger_name)
    files = find_pdfs(SAMPLES if folder is None else Path(folder))
    openautomate.log.info("found %d PDF files", len(files))
    batch = Batch()
    for done, path in enumerate(files):
        if openautomate.cancelled():
            # Half a ledger looks like a whole one, so none is kept.
            openautomate.log.warning("cancelled after %d of %d files", done, len(files))
            return _outputs(batch, "cancelled")
        entry = batch.add(path)
        if entry.status is Status.OK:
            openautomate.log.info("%s: booked", entry.file)
        else:
            openautomate.log.warning("%s: %s: %s", entry.file, entry.status.value, entry.reason)
        openautomate.progress((done + 1) / (len(files) + 1), f"{done + 1} of {len(files)} files")

    table = workbook.with_suffix(".csv")
    write_xlsx(batch.entries, workbook)
    write_csv(batch.entries, table)
    openautomate.artifact(str(workbook), name=workbook.name, content_type=XLSX_TYPE)
    openautomate.artifact(str(table), name=table.name, content_type="text/csv")
    openautomate.progress(1.0, "ledger written")

    outputs = _outputs(batch, "completed")
    outputs |= {"ledger": workbook.name, "csv": table.name}
    if outputs["problems"]:
        outputs["status"] = "completed with problems"
        openautomate.log.warning(
            "%d of %d files need a look: see the sheet Problems", outputs["problems"], len(files)
        )
    return outputs


def _output_path(name: str) -> Path:
    path = Path(name)
    if path.name != name or "\\" in name or path.suffix.lower() != ".xlsx" or not path.stem.strip():
        raise ValueError(
            "ledger_name is not a file name ending in .xlsx: give one without a folder"
        )
    return path


def _outputs(batch: Batch, status: str) -> dict[str, Any]:
    return {
        "status": status,
        "files": len(batch.entries),
        "invoices": sum(entry.status.booked for entry in batch.entries),
        "problems": sum(entry.status is not Status.OK for entry in batch.entries),
        "totals": totals_by_currency(batch.entries),
    }
