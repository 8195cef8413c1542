"""Work queues at the desk: files of JSON lines, and what a loop makes of its items."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import openautomate
import pytest

ROOT = Path(openautomate.__file__).parent.parent


def run(source: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Runs a script as somebody does at the desk."""
    script = folder / "script.py"
    script.write_text("import openautomate\n" + source, encoding="utf-8")
    return subprocess.run(
        [sys.executable, script],
        env={"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "OPENAUTOMATE_QUEUES": str(folder), **env},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def fill(folder: Path, *items: dict[str, Any], queue: str = "invoices") -> None:
    lines = [json.dumps(item) + "\n" for item in items]
    (folder / f"{queue}.jsonl").write_text("".join(lines), encoding="utf-8")


def results(folder: Path, queue: str = "invoices") -> list[dict[str, Any]]:
    text = (folder / f"{queue}.results.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_a_loop_takes_items_in_order_and_completes_them(tmp_path: Path) -> None:
    fill(
        tmp_path,
        {"payload": {"n": 1}, "dueAt": "2026-03-01T00:00:00Z"},
        {"payload": {"n": 2}, "dueAt": "2026-01-01T00:00:00Z"},
        {"payload": {"n": 3}, "priority": 5, "reference": "R"},
        {"payload": {"n": 4}, "deferUntil": "2999-01-01T00:00:00Z"},
    )
    source = """
for item in openautomate.queue("invoices"):
    print(item.payload["n"], item.reference, item.due)
    item.output = {"n": item.payload["n"]}
"""
    done = run(source, tmp_path)
    assert done.stdout.splitlines() == [
        "3 R None",
        "2 None 2026-01-01 00:00:00+00:00",
        "1 None 2026-03-01 00:00:00+00:00",
    ], done.stderr
    ended = results(tmp_path)
    assert [(line["state"], line["output"]["n"]) for line in ended] == [
        ("Successful", 3),
        ("Successful", 2),
        ("Successful", 1),
    ]


def test_an_exception_ends_the_loop(tmp_path: Path) -> None:
    fill(tmp_path, {"payload": 1}, {"payload": 2})
    done = run("for item in openautomate.queue('invoices'): raise ValueError(item.payload)", tmp_path)
    assert done.returncode == 1
    assert not (tmp_path / "invoices.results.jsonl").exists()


@pytest.mark.parametrize("stop", [False, True])
def test_with_an_item_the_loop_goes_on(tmp_path: Path, stop: bool) -> None:
    fill(tmp_path, *({"payload": n} for n in range(4)))
    source = f"""
for item in openautomate.queue("invoices", stop_on_error={stop}):
    with item:
        if item.payload == 0:
            raise openautomate.BusinessError("no IBAN", code="NO_IBAN")
        if item.payload == 1:
            raise ValueError("odd")
        item.output = "done"
"""
    done = run(source, tmp_path)
    ended = results(tmp_path)
    business = {"kind": "business", "message": "no IBAN", "code": "NO_IBAN"}
    assert (ended[0]["state"], ended[0]["error"]) == ("BusinessFailed", business)
    error = {"kind": "application", "message": "ValueError: odd"}
    assert (ended[1]["state"], ended[1]["error"]) == ("Failed", error)
    assert [line["state"] for line in ended[2:]] == ([] if stop else ["Successful"] * 2)
    assert done.returncode == int(stop), done.stderr


def test_each_calls_a_function(tmp_path: Path) -> None:
    fill(tmp_path, {"payload": 1}, {"payload": 0}, {"payload": 4})
    source = """
def work(item):
    if item.payload == 4:
        item.release()
        raise SystemExit(7)
    return {"half": 1 / item.payload}
openautomate.queue("invoices").each(work)
"""
    done = run(source, tmp_path)
    assert done.returncode == 7, done.stderr
    ended = results(tmp_path)
    assert [line["state"] for line in ended] == ["Successful", "Failed"]
    assert ended[0]["output"] == {"half": 1.0}
    assert "ZeroDivisionError" in ended[1]["error"]["message"]


def test_items_are_put_and_children_added(tmp_path: Path) -> None:
    fill(tmp_path, {"payload": {"to": "Ada"}})
    source = """
import datetime
letters = openautomate.queue("letters")
for item in openautomate.queue("invoices"):
    item.complete(children=[{"queue": "letters", "payload": item.payload, "priority": 2}])
    try:
        item.fail("too late")
    except openautomate.QueueError as error:
        print(error.kind)
letters.put({"when": datetime.date(2026, 1, 31)}, reference="L", due=datetime.timedelta(days=1))
for item in letters:
    print(item.payload, item.priority, item.reference)
"""
    done = run(source, tmp_path)
    expected = ["conflict", "{'to': 'Ada'} 2 None", "{'when': '2026-01-31'} 0 L"]
    assert done.stdout.splitlines() == expected, done.stderr


def test_what_is_wrong_is_told(tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text('{"payload": 1}\nnonsense\n')
    fill(tmp_path, {"payload": 1})
    source = """
for name in ("absent", "bad", "../etc"):
    try:
        openautomate.queue(name).take()
    except openautomate.QueueError as error:
        print(error.kind)
item = openautomate.queue("invoices").take()
for wrong in (lambda: item.complete(object()), lambda: item.complete(children=[{"payload": 1}])):
    try:
        wrong()
    except (openautomate.OutputError, TypeError) as error:
        print(error)
"""
    lines = run(source, tmp_path).stdout.splitlines()
    assert lines[:3] == ["notFound", "invalid", "invalid"]
    assert "the payload" in lines[3] and "names no queue" in lines[4]


def test_without_a_folder_there_is_no_queue(tmp_path: Path) -> None:
    script = "import openautomate\nopenautomate.queue('invoices').take()"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "QueueError" in done.stderr and "OPENAUTOMATE_QUEUES" in done.stderr


def test_the_library_of_robocorp_works_on_a_queue(tmp_path: Path) -> None:
    fill(tmp_path, *({"payload": {"n": n}, "reference": f"R{n}"} for n in range(4)))
    source = """
from robocorp import workitems
for item in workitems.inputs:
    n = item.payload["n"]
    try:
        workitems.outputs.create({"half": n / 2})
        if n == 1:
            raise workitems.BusinessException("no IBAN", "NO_IBAN")
        if n == 2:
            raise workitems.ApplicationException("timed out")
        item.done()
    except workitems.BusinessException as error:
        item.fail("BUSINESS", code=error.code, message=error.message)
    except workitems.ApplicationException as error:
        item.fail("APPLICATION", message=error.message)
print(workitems.inputs.current is not None)
"""
    adapter = {
        "RC_WORKITEM_ADAPTER": "openautomate._workitems.QueueAdapter",
        "OPENAUTOMATE_QUEUE": "invoices",
        "OPENAUTOMATE_OUTPUT_QUEUE": "halves",
    }
    done = run(source, tmp_path, **adapter)
    assert done.returncode == 0, done.stderr
    ended = results(tmp_path)
    assert [line["state"] for line in ended] == ["Successful", "BusinessFailed", "Failed", "Successful"]
    assert ended[1]["error"] == {"kind": "business", "message": "no IBAN", "code": "NO_IBAN"}
    halves = (tmp_path / "halves.jsonl").read_text().splitlines()
    assert [json.loads(line)["payload"] for line in halves] == [{"half": 0.0}, {"half": 1.5}]
