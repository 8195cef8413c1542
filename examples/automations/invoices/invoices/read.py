"""Reads the text of a PDF as lines whose words keep their place on the page."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pdfplumber
from pdfminer.pdfdocument import PDFPasswordIncorrect
from pdfplumber.utils.exceptions import PdfminerException

# It warns about every odd colour or font, which says nothing about the text.
logging.getLogger("pdfminer").setLevel(logging.ERROR)

MAX_BYTES = 50 * 1024 * 1024
"""A larger file is refused: invoices are small, and the file may come from a stranger."""
MAX_PAGES = 200
"""A longer document is refused for the same reason."""

_COLUMN_GAP = 1.0
"""A gap wider than this, in units of the font size, parts two columns."""
_WORD_GAP = 0.1
"""A gap narrower than this, in units of the font size, is kerning inside one word."""
_LINE_HEIGHT = 3.0
"""Words whose tops differ by no more than this, in points, stand on one line."""
_MIN_CHARACTERS = 10
"""Fewer letters and digits than this in a whole file mean that there is no text layer."""


class ReadError(Exception):
    """A file that cannot be read; ``kind`` is corrupt, encrypted, scanned, large or unreadable."""

    def __init__(self, kind: str, message: str) -> None:
        """Keeps the kind beside the message for people."""
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True)
class Cell:
    """A run of words on one line without a wide gap, with its place on the page in points."""

    text: str
    start: int
    x0: float
    x1: float


@dataclass(frozen=True)
class Line:
    """One line of text; a tab stands for a gap wide enough to part two columns."""

    text: str
    words: tuple[tuple[int, int, float, float], ...]
    """Per word: start and end in the text, left and right edge on the page in points."""

    @classmethod
    def from_text(cls, text: str) -> "Line":
        """Makes a line from text alone, as if every character were five points wide."""
        words = []
        start = 0
        for part in text.replace("\t", " ").split(" "):
            if part:
                end = start + len(part)
                words.append((start, end, start * 5.0, end * 5.0))
            start += len(part) + 1
        return cls(text, tuple(words))

    def place(self, start: int, end: int) -> tuple[float, float]:
        """Returns the left and right edge of a part of the text."""
        inside = [w for w in self.words if w[0] < end and start < w[1]]
        if not inside:
            return (0.0, 0.0)
        return (min(w[2] for w in inside), max(w[3] for w in inside))

    def cells(self) -> list[Cell]:
        """Splits the line at its wide gaps."""
        result = []
        start = 0
        for part in self.text.split("\t"):
            if part.strip():
                x0, x1 = self.place(start, start + len(part))
                result.append(Cell(part.strip(), start, x0, x1))
            start += len(part) + 1
        return result


@dataclass(frozen=True)
class Document:
    """The text of one PDF, page after page."""

    lines: tuple[Line, ...]

    @classmethod
    def from_text(cls, text: str) -> "Document":
        """Makes a document from text alone, with a tab between columns."""
        return cls(tuple(Line.from_text(line) for line in text.splitlines() if line.strip()))

    @property
    def text(self) -> str:
        """The whole text."""
        return "\n".join(line.text for line in self.lines)


def read_document(path: Path) -> Document:
    """Reads a PDF.

    Raises:
        ReadError: The file is damaged, protected by a password, without a text layer, too large,
            or the system refuses to open it.
    """
    _check_bytes(path)
    try:
        with pdfplumber.open(path) as pdf:
            if not pdf.pages:
                raise ReadError("corrupt", "the PDF is damaged: it has no pages")
            if len(pdf.pages) > MAX_PAGES:
                raise ReadError("large", f"the PDF has more than {MAX_PAGES} pages")
            lines: list[Line] = []
            for page in pdf.pages:
                lines.extend(_lines(page.extract_words(extra_attrs=["size"])))
                page.close()
    except ReadError:
        raise
    except Exception as error:
        # A PDF parser meets whatever a stranger wrote; one bad file must not end the batch.
        if _is_password(error):
            raise ReadError("encrypted", "the PDF is protected by a password") from error
        raise ReadError("corrupt", f"the PDF is damaged ({_cause(error)})") from error
    document = Document(tuple(lines))
    if sum(character.isalnum() for character in document.text) < _MIN_CHARACTERS:
        raise ReadError(
            "scanned", "the PDF holds no text, probably a scan: run it through OCR first"
        )
    return document


def _check_bytes(path: Path) -> None:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise ReadError("large", f"the file is larger than {MAX_BYTES // 1024 // 1024} MB")
        with path.open("rb") as file:
            head = file.read(1024)
            file.seek(max(0, size - 4096))
            tail = file.read()
    except OSError as error:
        raise ReadError("unreadable", f"the file cannot be opened ({error.strerror})") from error
    if b"%PDF-" not in head:
        raise ReadError("corrupt", "the file is not a PDF")
    # Parsers often recover some pages of a truncated file; a ledger must not book half an invoice.
    if b"%%EOF" not in tail:
        raise ReadError("corrupt", "the PDF is damaged: its end is missing")


def _lines(words: Iterable[dict[str, Any]]) -> list[Line]:
    rows: list[list[dict[str, Any]]] = []
    for word in sorted(words, key=lambda w: (w["top"], w["x0"])):
        if rows and word["top"] - rows[-1][0]["top"] <= _LINE_HEIGHT:
            rows[-1].append(word)
        else:
            rows.append([word])
    return [_line(sorted(row, key=lambda w: w["x0"])) for row in rows]


def _line(row: list[dict[str, Any]]) -> Line:
    text = ""
    words: list[tuple[int, int, float, float]] = []
    edge = 0.0
    for word in row:
        size = max(float(word["size"]), 1.0)
        gap = float(word["x0"]) - edge
        if text and not -size < gap < _WORD_GAP * size:
            text += "\t" if gap > _COLUMN_GAP * size else " "
        start = len(text)
        text += word["text"]
        words.append((start, len(text), float(word["x0"]), float(word["x1"])))
        edge = float(word["x1"])
    return Line(text, tuple(words))


def _is_password(error: BaseException) -> bool:
    if isinstance(error, PDFPasswordIncorrect):
        return True
    inner = error.args[0] if isinstance(error, PdfminerException) and error.args else None
    return isinstance(inner, PDFPasswordIncorrect)


def _cause(error: BaseException) -> str:
    inner = error.args[0] if isinstance(error, PdfminerException) and error.args else error
    return type(inner).__name__
