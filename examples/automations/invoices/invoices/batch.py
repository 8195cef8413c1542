"""Reads a folder of invoices, file by file, so that one bad file never ends the batch."""

from dataclasses import replace
from pathlib import Path

from invoices.extract import extract
from invoices.model import Entry, Status
from invoices.read import ReadError, read_document


def find_pdfs(folder: Path) -> list[Path]:
    """Lists the PDF files of a folder by name; subfolders are not entered.

    Raises:
        ValueError: The folder does not exist or holds no PDF.
    """
    if not folder.is_dir():
        raise ValueError("the folder does not exist or is not a folder: give the path of one")
    files = [
        path
        for path in folder.iterdir()
        if path.suffix.lower() == ".pdf" and not path.name.startswith(".") and path.is_file()
    ]
    if not files:
        raise ValueError("the folder holds no PDF file: put the invoices there or give another one")
    return sorted(files, key=lambda path: (path.name.casefold(), path.name))


class Batch:
    """The entries so far; it remembers what was booked, to find duplicates."""

    def __init__(self) -> None:
        """Starts with no entries."""
        self.entries: list[Entry] = []
        self._booked: dict[tuple[str, str], Entry] = {}

    def add(self, path: Path) -> Entry:
        """Reads one file and keeps what became of it; never raises for what a file holds."""
        entry = self._known(examine(path))
        self.entries.append(entry)
        return entry

    def _known(self, entry: Entry) -> Entry:
        invoice = entry.invoice
        if not entry.status.booked or invoice.issuer is None or invoice.number is None:
            return entry
        key = (_key(invoice.issuer), _key(invoice.number))
        first = self._booked.setdefault(key, entry)
        if first is entry:
            return entry
        reason = f"same issuer and number as {first.file}"
        if (first.invoice.total, first.invoice.currency) != (invoice.total, invoice.currency):
            reason += ", but the total differs"
        return replace(entry, status=Status.DUPLICATE, reason=reason)


def examine(path: Path) -> Entry:
    """Reads one file into an entry, whatever the file holds."""
    try:
        invoice = extract(read_document(path))
    except ReadError as error:
        return Entry(path.name, Status.PROBLEM, str(error))
    except Exception as error:
        # A fault of the extraction is a row with its name, and the other files go on.
        return Entry(path.name, Status.PROBLEM, f"not understood ({type(error).__name__})")
    missing = invoice.missing()
    if missing:
        return Entry(path.name, Status.PROBLEM, f"not found: {', '.join(missing)}", invoice)
    if invoice.doubts:
        return Entry(path.name, Status.CHECK, "; ".join(invoice.doubts), invoice)
    return Entry(path.name, Status.OK, "", invoice)


def _key(text: str) -> str:
    return "".join(text.casefold().split())
