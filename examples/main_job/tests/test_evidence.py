"""What an execution leaves behind, as the API shows it: large files, pictures, failures."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

import pytest
from client import Client
from installation import Installation
from test_main_job import made_package, trigger

MIB = 1024 * 1024

LARGE = """
    import openautomate, time

    def run(mebibytes: int) -> None:
        with open("large.bin", "wb") as file:
            for number in range(mebibytes):
                file.write(bytes([number % 251]) * 1024 * 1024)
        openautomate.artifact("large.bin")
        print("kept")
        while not openautomate.cancelled():
            time.sleep(0.01)
"""

FAILS = """
    import openautomate

    class Driver:
        def get_screenshot_as_png(self) -> bytes:
            return b"\\x89PNG a page"

    def buy(password: str) -> None:
        page = Driver()
        openautomate.screenshot(page, "before")
        raise LookupError("no such article")

    def run() -> None:
        buy("open-sesame")
"""


def artifacts(client: Client, execution: str) -> dict[str, Any]:
    """Its files by name."""
    return {item["name"]: item for item in client.items(f"/api/executions/{execution}/artifacts")}


def content(client: Client, artifact: dict[str, Any]) -> bytes:
    """What a file holds."""
    with client.open("GET", artifact["href"]) as answer:
        return bytes(answer.read())


def peak(pid: int) -> int:
    """The most memory that a process has had so far, in bytes."""
    text = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in text.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_a_large_file_is_there_while_the_run_goes_on_and_takes_no_memory(
    installation: Installation, client: Client, tmp_path: Path
) -> None:
    assert installation.server and installation.agent
    pids = [installation.server.pid, installation.agent.pid]
    package_id = made_package(client, tmp_path, "large", LARGE)
    before = [peak(pid) for pid in pids]
    execution = trigger(client, package_id, mebibytes=300)
    next(line for line in client.follow(execution) if line["text"] == "kept")
    assert client.call("GET", f"/api/executions/{execution}")["state"] == "Running"
    kept = artifacts(client, execution)["large.bin"]
    digest = hashlib.sha256()
    for number in range(300):
        digest.update(bytes([number % 251]) * MIB)
    assert (kept["size"], kept["sha256"]) == (300 * MIB, digest.hexdigest())
    taken = [peak(pid) - size for pid, size in zip(pids, before, strict=True)]
    # The server holds a few parts that are under way.
    assert max(taken) < 96 * MIB, taken
    client.call("POST", f"/api/executions/{execution}/cancel")
    assert client.wait(execution)["state"] in ("Cancelled", "Succeeded")


def test_a_file_beyond_the_limit_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, installation: Installation
) -> None:
    monkeypatch.setenv("OPENAUTOMATE_MAX_ARTIFACT", "1M")
    client = installation.start_server()
    installation.start_agent(client)
    execution = trigger(client, made_package(client, tmp_path, "large", LARGE), mebibytes=60)
    ended = client.wait(execution)
    assert ended["error"]["kind"] == "ArtifactError" and "higher limit" in ended["error"]["message"]
    assert artifacts(client, execution) == {}


def test_a_failure_is_kept_with_its_place_and_what_was_seen(client: Client, tmp_path: Path) -> None:
    package_id = made_package(client, tmp_path, "shop", FAILS, "evidence = true\n")
    execution = trigger(client, package_id)
    ended = client.wait(execution)
    error = ended["error"]
    assert (ended["state"], error["kind"], error["message"]) == ("Failed", "LookupError", "no such article")
    assert [(f["file"], f["function"]) for f in error["frames"]] == [("job.py", "run"), ("job.py", "buy")]
    assert error["frames"][1]["line"] == 11
    assert error["traceback"].startswith("Traceback") and error["traceback"].rstrip().endswith(
        "no such article"
    )
    assert ended["attempts"][0]["error"] == error
    assert ended["attempts"][0]["report"]["isolation"] == "L1"
    kept = artifacts(client, execution)
    assert set(kept) == {"before.png", "evidence.json", "failure.png"}
    assert content(client, kept["before.png"]) == b"\x89PNG a page"
    told = content(client, kept["evidence.json"])
    assert b'"password"' in told and b"open-sesame" not in told
