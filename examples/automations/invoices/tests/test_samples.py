"""The shipped samples, and damage of every kind to them."""

import json
from pathlib import Path

import pytest
from conftest import SAMPLE

from invoices.batch import Batch, examine, find_pdfs
from invoices.model import Entry, Status
from invoices.read import ReadError, read_document

EXPECTED = json.loads((SAMPLE / "expected.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def entries() -> dict[str, Entry]:
    batch = Batch()
    return {path.name: batch.add(path) for path in find_pdfs(SAMPLE)}


def test_every_sample_is_expected_and_every_expectation_has_its_sample() -> None:
    assert {path.name for path in find_pdfs(SAMPLE)} == set(EXPECTED)


@pytest.mark.parametrize("file", EXPECTED)
def test_sample(file: str, entries: dict[str, Entry]) -> None:
    entry, expected = entries[file], EXPECTED[file]
    assert entry.status.value == expected["status"]
    assert expected["reason"] in entry.reason
    assert bool(entry.reason) == (entry.status is not Status.OK)
    for name, value in expected["fields"].items():
        assert str(getattr(entry.invoice, name)) == value, name


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("scan-0007.pdf", "scanned"),
        ("download-interrupted.pdf", "corrupt"),
        ("payroll-protected.pdf", "encrypted"),
    ],
)
def test_the_kinds_of_unreadable_files_are_told_apart(file: str, kind: str) -> None:
    with pytest.raises(ReadError) as raised:
        read_document(SAMPLE / file)
    assert raised.value.kind == kind


@pytest.mark.parametrize(
    "content", [b"", b"%PDF-1.7\n", b"%PDF-1.7\n%%EOF\n", b"<html></html>", b"\0" * 9000]
)
def test_what_is_no_pdf_is_a_problem_row(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(content)
    entry = examine(path)
    assert entry.status is Status.PROBLEM
    assert "damaged" in entry.reason or "not a PDF" in entry.reason


@pytest.mark.parametrize("file", ["krueger-sammelrechnung-8841.pdf", "cascade-48213.pdf"])
def test_a_truncated_file_is_never_booked(tmp_path: Path, file: str) -> None:
    whole = (SAMPLE / file).read_bytes()
    path = tmp_path / file
    for twentieth in range(20):
        path.write_bytes(whole[: len(whole) * twentieth // 20])
        assert examine(path).status is Status.PROBLEM


def test_overwritten_parts_never_raise(tmp_path: Path) -> None:
    whole = (SAMPLE / "krueger-sammelrechnung-8841.pdf").read_bytes()
    path = tmp_path / "a.pdf"
    for start in range(0, len(whole), 97):
        path.write_bytes(whole[:start] + b"\xff" * 40 + whole[start + 40 :])
        assert examine(path).file == "a.pdf"


def test_a_vanished_file_is_a_problem_row(tmp_path: Path) -> None:
    entry = examine(tmp_path / "gone.pdf")
    assert entry.status is Status.PROBLEM
    assert "cannot be opened" in entry.reason


def test_a_fault_of_the_extraction_is_a_problem_row(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> None:
        raise KeyError("x")

    monkeypatch.setattr("invoices.batch.extract", broken)
    entry = examine(SAMPLE / "cascade-48213.pdf")
    assert (entry.status, entry.reason) == (Status.PROBLEM, "not understood (KeyError)")


def test_a_duplicate_with_another_total_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace
    from decimal import Decimal

    first = examine(SAMPLE / "cascade-48213.pdf")
    other = replace(first.invoice, issuer="CASCADE Marine Supply Inc.", total=Decimal(1))
    answers = iter([first, replace(first, file="b.pdf", invoice=other)])
    monkeypatch.setattr("invoices.batch.examine", lambda _: next(answers))
    batch = Batch()
    batch.add(Path("a.pdf"))
    second = batch.add(Path("b.pdf"))
    assert second.status is Status.DUPLICATE
    assert second.reason.endswith("but the total differs")


def test_folders_without_pdfs_are_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.pdf").mkdir()
    (tmp_path / "notes.txt").touch()
    with pytest.raises(ValueError, match="holds no PDF"):
        find_pdfs(tmp_path)
    with pytest.raises(ValueError, match="does not exist"):
        find_pdfs(tmp_path / "gone")
    (tmp_path / "B.PDF").touch()
    (tmp_path / "a.pdf").touch()
    assert [path.name for path in find_pdfs(tmp_path)] == ["a.pdf", "B.PDF"]
