"""The entry function, with a stand-in for the module that a running execution has."""

import json
import logging
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, SAMPLE, Recorder
from openpyxl import load_workbook

FILES = json.loads((SAMPLE / "expected.json").read_text(encoding="utf-8"))
TOTALS = {
    "CHF": "6604.91",
    "EUR": "24802.47",
    "GBP": "1716.00",
    "INR": "137497.50",
    "USD": "1791.05",
}


def run(**inputs: Any) -> dict[str, Any]:
    result: dict[str, Any] = import_module("invoices.main").run(**inputs)
    return result


def test_without_a_folder_the_samples_are_read(
    execution: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "openautomate"):
        outputs = run()
    assert outputs == {
        "status": "completed with problems",
        "files": 16,
        "invoices": 11,
        "problems": 6,
        "totals": TOTALS,
        "ledger": "ledger.xlsx",
        "csv": "ledger.csv",
    }
    assert json.loads(json.dumps(outputs)) == outputs
    assert set(execution.artifacts) == {"ledger.xlsx", "ledger.csv"}
    sheet = load_workbook(execution.store / "ledger.xlsx")["Ledger"]
    assert {row[0] for row in sheet.iter_rows(min_row=2, values_only=True)} == set(FILES)

    fractions = [fraction for fraction, _ in execution.steps]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert len(fractions) == len(FILES) + 1
    warned = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    for file, expected in FILES.items():
        assert any(w.startswith(f"{file}: ") for w in warned) == (expected["status"] != "ok")


def test_a_clean_folder_completes(execution: Recorder, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy(SAMPLE / "alpenblick-240405.pdf", folder)
    outputs = run(folder=str(folder), ledger_name="march.xlsx")
    assert outputs["status"] == "completed"
    assert (outputs["invoices"], outputs["problems"]) == (1, 0)
    assert set(execution.artifacts) == {"march.xlsx", "march.csv"}


def test_cancelling_stops_between_files_and_keeps_no_half_ledger(execution: Recorder) -> None:
    execution.cancel_after = 3
    outputs = run()
    assert (outputs["status"], outputs["files"]) == ("cancelled", 3)
    assert "ledger" not in outputs
    assert execution.artifacts == {}
    assert list(Path.cwd().iterdir()) == []


@pytest.mark.usefixtures("execution")
def test_a_wrong_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="does not exist"):
        run(folder=str(tmp_path / "gone"))
    with pytest.raises(ValueError, match="holds no PDF"):
        run(folder=str(tmp_path))


@pytest.mark.usefixtures("execution")
@pytest.mark.parametrize("name", ["", ".xlsx", "a.csv", "../a.xlsx", "/tmp/a.xlsx", "x\\a.xlsx"])
def test_a_wrong_ledger_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="ledger_name"):
        run(ledger_name=name)


def test_runs_without_openautomate(tmp_path: Path) -> None:
    ledger = tmp_path / "out.xlsx"
    command = [sys.executable, "-m", "invoices", str(SAMPLE), str(ledger)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "total CHF 6604.91" in done.stdout
    assert "download-interrupted.pdf: problem" in done.stdout
    assert ledger.exists()
    assert ledger.with_suffix(".csv").exists()
    command[3] = str(tmp_path / "gone")
    failed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert failed.returncode == 2
    assert "does not exist" in failed.stderr
