"""The main job through the public API, with real processes that are killed for real."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import textwrap
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from client import ApiError, Client
from installation import ROOT, Installation, pack, package
from run import AUTOMATIONS, run_invoices

COUNTER = """
    import time

    import openautomate

    def run(lines: int = 200, delay: float = 0.02) -> dict:
        for number in range(1, lines + 1):
            print(f"line {number}", flush=True)
            time.sleep(delay)
        openautomate.log.warning("counted")
        return {"lines": lines}
"""


def made_package(client: Client, tmp_path: Path, name: str, source: str, more: str = "") -> str:
    """A package of one module with an entry function, and what its manifest says besides."""
    folder = tmp_path / name
    folder.mkdir()
    (folder / "job.py").write_text(textwrap.dedent(source))
    (folder / "pyproject.toml").write_text(
        f'[project]\nname = "{name}"\nversion = "1.0.0"\n\n'
        f'[tool.openautomate]\nentrypoint = "job:run"\n{more}'
    )
    return package(client, name, folder)


def trigger(client: Client, package_id: str, **inputs: Any) -> str:
    """Asks for an execution."""
    return str(client.call("POST", "/api/executions", {"packageId": package_id, "inputs": inputs})["id"])


def numbered(lines: list[dict[str, Any]]) -> list[str]:
    """The texts on stdout, after checking that no line is missing or doubled."""
    by_attempt: dict[int, list[int]] = {}
    for line in lines:
        by_attempt.setdefault(line["attempt"], []).append(line["seq"])
    for seqs in by_attempt.values():
        assert seqs == list(range(1, len(seqs) + 1))
    return [line["text"] for line in lines if line["stream"] == "stdout"]


def test_invoices_become_a_ledger(installation: Installation, client: Client, tmp_path: Path) -> None:
    execution = run_invoices(client, tmp_path / "ledger")
    assert execution["state"] == "Succeeded", execution["error"]
    # Made by the run, or by the deployment before it.
    assert installation.environments_with("openpyxl") == 1
    outputs = execution["outputs"]
    assert outputs["invoices"] >= 8 and outputs["problems"] >= 3
    assert outputs["status"] == "completed with problems"
    ledger = (tmp_path / "ledger" / "ledger.xlsx").read_bytes()
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(ledger))
    assert {"Ledger", "Summary", "Problems"} <= set(book.sheetnames)


def test_what_a_package_needs_is_installed_once_for_all_its_versions(
    client: Client, installation: Installation, tmp_path: Path
) -> None:
    """An environment of its own, made when a version is deployed or by its first execution."""
    copy = tmp_path / "disk-report"
    shutil.copytree(AUTOMATIONS / "disk-report", copy)
    for version in ("1.0.0", "1.0.1"):
        manifest = copy / "pyproject.toml"
        manifest.write_text(manifest.read_text().replace('"1.0.0"', f'"{version}"'))
        execution = client.wait(trigger(client, package(client, "disk-report", copy), count=1), seconds=120)
        assert execution["state"] == "Succeeded", execution["error"]
        assert execution["outputs"]["files"] >= 3 and "KiB" in execution["outputs"]["size"]
        assert installation.environments_with("humanize") == 1


def test_lines_arrive_while_it_runs(client: Client, tmp_path: Path) -> None:
    package_id = made_package(client, tmp_path, "live", COUNTER)
    execution = trigger(client, package_id, lines=20, delay=0.1)
    arrived = [time.monotonic() for _ in client.follow(execution)]
    assert arrived[-1] - arrived[0] > 1.0, "the lines came all at once, at the end"
    assert client.wait(execution)["state"] == "Succeeded"


def test_a_cancel_ends_a_running_execution(client: Client, tmp_path: Path) -> None:
    package_id = made_package(client, tmp_path, "endless", "def run():\n    while True:\n        pass\n")
    execution = trigger(client, package_id)
    client.wait(execution, states={"Running"})
    client.call("POST", f"/api/executions/{execution}/cancel")
    assert client.wait(execution, seconds=20)["state"] == "Cancelled"


def test_a_killed_agent_ends_its_execution_by_the_lease(
    installation: Installation, client: Client, tmp_path: Path
) -> None:
    package_id = made_package(client, tmp_path, "lost", COUNTER)
    execution = trigger(client, package_id, lines=10_000)
    client.wait(execution, states={"Running"})
    installation.kill_agent()
    killed = time.monotonic()
    ended = client.wait(execution, seconds=installation.lease_ttl + 5)
    assert time.monotonic() - killed <= installation.lease_ttl + 2
    assert ended["state"] == "Failed" and ended["error"]["kind"] == "AgentLost"
    installation.start_agent(client)
    again = trigger(client, package_id, lines=3)
    assert client.wait(again)["state"] == "Succeeded"


def test_a_killed_server_loses_neither_execution_nor_line(
    installation: Installation, client: Client, tmp_path: Path
) -> None:
    package_id = made_package(client, tmp_path, "survivor", COUNTER)
    execution = trigger(client, package_id, lines=200, delay=0.02)
    client.wait(execution, states={"Running"})
    for _ in range(3):
        time.sleep(0.5)
        installation.kill_server()
        client = installation.start_server()
    ended = client.wait(execution, seconds=60)
    assert ended["state"] == "Succeeded", ended["error"]
    assert numbered(list(client.follow(execution))) == [f"line {n}" for n in range(1, 201)]


def test_nothing_acknowledged_is_lost(installation: Installation, client: Client, tmp_path: Path) -> None:
    package_id = made_package(client, tmp_path, "short", "def run(n: int) -> dict:\n    return {'n': n}\n")
    acknowledged: list[str] = []
    done = threading.Event()

    def post(number: int) -> None:
        while not done.is_set():
            body = {"packageId": package_id, "inputs": {"n": number}}
            key = {"Idempotency_Key": f"request-{number}"}
            try:
                answer = client.call("POST", "/api/executions", body, **key)
            except (ApiError, OSError, ValueError):
                time.sleep(0.05)
                continue
            acknowledged.append(answer["id"])
            return

    threads = [threading.Thread(target=post, args=(number,)) for number in range(60)]
    for number, thread in enumerate(threads):
        thread.start()
        if number in (20, 40):
            installation.kill_server()
            client = installation.start_server()
    for thread in threads:
        thread.join(timeout=60)
    done.set()
    assert len(acknowledged) == len(set(acknowledged)) == 60
    for execution in acknowledged:
        ended = client.wait(execution, seconds=60)
        assert ended["state"] == "Succeeded"
    everything = [item for item in client.items("/api/executions") if item["packageId"] == package_id]
    assert len(everything) == 60, "a repeated request made a second execution"


def test_a_schedule_fires_within_a_minute(client: Client) -> None:
    package_id = package(client, "Hello", AUTOMATIONS / "hello")
    schedule = {
        "name": "every second",
        "packageId": package_id,
        "cronExpression": "* * * * * *",
        "overlap": "allow",
        "inputs": {"repeat": 1, "delay": 0},
    }
    made = client.call("POST", "/api/schedules", schedule)
    end = time.monotonic() + 20
    fired: list[Any] = []
    while len(fired) < 3 and time.monotonic() < end:
        time.sleep(0.2)
        fired = list(client.items(f"/api/executions?scheduleId={made['id']}&state=Succeeded"))
    client.call("DELETE", f"/api/schedules/{made['id']}")
    assert len(fired) >= 3
    dues = [item["origin"]["dueAt"] for item in fired]
    assert len(dues) == len(set(dues)), "a due time fired twice"


def test_a_secret_reaches_the_run_and_no_log(client: Client, tmp_path: Path) -> None:
    value = "tr0ub4dor&3-äöü"
    client.call("POST", "/api/assets", {"name": "erp-password", "kind": "secret", "value": value})
    source = """
        import openautomate

        def run() -> dict:
            value = openautomate.secret("erp-password")
            print("the password is", value)
            openautomate.log.error("again %s", value)
            return {"length": len(value), "echo": value}
    """
    package_id = made_package(client, tmp_path, "secretive", source)
    execution = trigger(client, package_id)
    lines = json.dumps(list(client.follow(execution)), ensure_ascii=False)
    ended = client.wait(execution)
    assert ended["outputs"]["length"] == len(value)
    assert value not in lines and value not in json.dumps(ended, ensure_ascii=False)


def test_the_audit_tells_of_it_and_verifies(client: Client, tmp_path: Path) -> None:
    package_id = made_package(client, tmp_path, "audited", "def run():\n    pass\n")
    execution = trigger(client, package_id)
    client.wait(execution)
    entries = list(client.items("/api/audit"))
    actions = {entry["action"] for entry in entries}
    assert {"agent.enrol", "package.create", "package.publish", "execution.enqueue"} <= actions
    assert any(entry["objectId"] == execution for entry in entries)
    time.sleep(1.2)
    report = client.call("GET", "/api/audit/verify")
    assert report["ok"] and report["verified"] >= len(entries)


def test_the_job_runs_twice_on_kept_data(tmp_path: Path, installation: Installation) -> None:
    command = [sys.executable, str(ROOT / "examples" / "main_job" / "run.py"), "--once", "--port", "0"]
    command += ["--folder", str(tmp_path / "kept"), "--binaries", str(installation.binaries)]
    command += ["--python", sys.executable]
    for _ in range(2):
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "Succeeded" in done.stdout and "ledger.xlsx" in done.stdout and "/setup#token=" in done.stdout


def test_a_second_server_on_the_same_data_is_refused(installation: Installation, client: Client) -> None:
    server = installation.binaries / "openautomate-server"
    data = str(installation.folder / "server")
    second = subprocess.run(
        [str(server), "serve", "--data-dir", data, "--listen", "127.0.0.1:0"],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert second.returncode != 0
    said = second.stderr.strip().splitlines()
    assert len(said) == 1 and said[0].startswith("error: "), second.stderr


@pytest.mark.parametrize(
    "archive",
    [b"this is no zip", b"", pack(ROOT / "examples" / "automations" / "hello")[:-30]],
    ids=["text", "empty", "truncated"],
)
def test_a_bad_archive_is_refused_whole(client: Client, archive: bytes) -> None:
    made = client.call("POST", "/api/packages", {"name": "bad"})
    with pytest.raises(ApiError) as refused:
        client.publish(made["id"], archive)
    assert 400 <= refused.value.status < 500
    assert list(client.items(f"/api/packages/{made['id']}/versions")) == []


def test_health_needs_no_account(installation: Installation, client: Client) -> None:
    for path in ("/healthz", "/readyz", "/api/openapi.json", "/api/docs/"):
        with urllib.request.urlopen(installation.url + path, timeout=5) as answer:
            assert answer.status == 200


def test_curl_alone_can_do_it(tmp_path: Path, installation: Installation) -> None:
    """From the one-time link of a fresh server to the verified audit, an agent enrolling on the way."""
    agent_data, token_file = tmp_path / "agent", tmp_path / "token"
    serve = [str(installation.binaries / "openautomate-server"), "serve", "--listen", "127.0.0.1:0"]
    serve += ["--data-dir", str(tmp_path / "server")]
    with subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        agent = None
        try:
            assert server.stdout is not None
            said = ""
            while "#token=" not in said or "listening on " not in said:
                line = server.stdout.readline()
                assert line, f"the server ended: {said}"
                said += line
            url = said.split("listening on ", 1)[1].split()[0]
            setup = said.split("#token=", 1)[1].split()[0]
            script = ["bash", str(ROOT / "examples" / "curl" / "walkthrough.sh"), url, setup]
            environment = os.environ | {"ENROLMENT_TOKEN_FILE": str(token_file)}
            with subprocess.Popen(
                script, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, text=True
            ) as walk:
                end = time.monotonic() + 30
                while not (token_file.exists() and token_file.read_text().endswith("\n")):
                    assert time.monotonic() < end and walk.poll() is None, walk.communicate()[0]
                    time.sleep(0.05)
                program = str(installation.binaries / "openautomate-agent")
                enrol = [program, "enrol", "--server", url, "--data-dir", str(agent_data)]
                subprocess.run(
                    enrol, input=token_file.read_text().strip(), text=True, check=True, capture_output=True
                )
                run = [program, "run", "--data-dir", str(agent_data), "--python", sys.executable]
                agent = subprocess.Popen(run, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                printed, _ = walk.communicate(timeout=120)
                assert walk.returncode == 0, printed
                assert "hello, curl" in printed.lower() and "== done" in printed
        finally:
            if agent is not None:
                agent.terminate()
                agent.wait()
            server.terminate()
