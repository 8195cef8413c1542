"""End to end, through the public API: trigger to first user line, executions a second, memory when idle.

    make bench, or:
    .venv/bin/python benches/load/main_job.py --binaries target/release [--rq]

Every figure is set beside the floor measured in the same run: a fresh interpreter of the same environment
started by hand. With ``--rq`` also beside RQ, with two workers on a Redis of its own (``redis-server`` must be
installed; RQ comes from PyPI). All on one machine, so its clock serves both ends.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "examples" / "main_job"), str(Path(__file__).parent)]

from client import ApiError, Client  # noqa: E402
from installation import Installation, package  # noqa: E402
from rq_peer import measure_rq  # noqa: E402

HELLO = "def run() -> None:\n    print('hello')\n"
MANIFEST = '[project]\nname = "first-line"\nversion = "1.0.0"\n[tool.openautomate]\nentrypoint = "job:run"\n'


def percentile(values: list[float], share: float) -> float:
    """The value below which this share of the values lies."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def spread(milliseconds: list[float]) -> dict[str, float]:
    """p50, p95, p99 and the largest."""
    return {
        "p50": round(statistics.median(milliseconds), 2),
        "p95": round(percentile(milliseconds, 0.95), 2),
        "p99": round(percentile(milliseconds, 0.99), 2),
        "max": round(max(milliseconds), 2),
    }


def fresh_interpreter(python: Path, count: int) -> dict[str, float]:
    """The floor: a fresh interpreter of the same environment until its first line."""
    took = []
    for _ in range(count):
        began = time.perf_counter()
        with subprocess.Popen([str(python), "-c", "print('hello')"], stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            child.stdout.readline()
            took.append((time.perf_counter() - began) * 1000)
    return spread(took)


def first_line(client: Client, package_id: str, count: int) -> dict[str, float]:
    """From just before the request to the moment at which the agent read the first line."""
    took = []
    for _ in range(count):
        began = time.time()
        execution = client.call("POST", "/api/executions", {"packageId": package_id})
        client.wait(execution["id"])
        page = client.call("GET", f"/api/executions/{execution['id']}/logs")
        first = next(item for item in page["items"] if item["stream"] == "stdout")
        said = datetime.fromisoformat(first["time"].replace("Z", "+00:00")).timestamp()
        took.append((said - began) * 1000)
    return spread(took)


def executions_per_second(client: Client, package_id: str, count: int, *, at_once: bool) -> float:
    """Isolated executions from the first request to the last end: in one request, or each in its own from four
    threads.

    One connection a thread, and one question now and then for all: what asks shares the processors with
    what is asked.
    """
    began = time.time()
    if at_once:
        client.call("POST", "/api/executions/bulk", {"items": [{"packageId": package_id}] * count})
    else:
        threads = [threading.Thread(target=enqueue, args=(client, package_id, count // 4)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    unended = f"/api/executions?packageId={package_id}&state=Pending,Assigned,Running,Waiting&limit=1"
    while client.call("GET", unended)["items"]:
        time.sleep(0.1)
    ended = itertools.islice(client.items(f"/api/executions?packageId={package_id}"), count)
    last = max(datetime.fromisoformat(one["endTime"].replace("Z", "+00:00")).timestamp() for one in ended)
    return round(count / (last - began), 1)


def enqueue(client: Client, package_id: str, count: int) -> None:
    """Triggers executions over one connection, one after the other."""
    body = json.dumps({"packageId": package_id})
    headers = client.headers() | {"Content-Type": "application/json"}
    connection = http.client.HTTPConnection(client.url.removeprefix("http://"))
    with contextlib.closing(connection):
        for _ in range(count):
            connection.request("POST", "/api/executions", body, headers)
            answer = connection.getresponse()
            told = answer.read()
            if answer.status != 201:
                raise ApiError(answer.status, json.loads(told))


def memory_of_waiting(agent: int) -> dict[str, float]:
    """The memory of the interpreters that wait for runs, shared pages counted in part (Pss), on Linux."""
    waiting = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().split(b"\0")
            rollup = (folder / "smaps_rollup").read_text()
        except OSError:
            continue
        if any(part.endswith(b"_runner.py") for part in line):
            pss = next(text for text in rollup.splitlines() if text.startswith("Pss:"))
            waiting.append(int(pss.split()[1]) / 1024)
    return {"processes, the zygote among them": len(waiting), "MB each": round(statistics.mean(waiting), 1)}


def memory_mb(pid: int) -> float | None:
    """The resident memory of a process, on Linux."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    line = next(line for line in text.splitlines() if line.startswith("VmRSS:"))
    return round(int(line.split()[1]) / 1024, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binaries", type=Path, default=ROOT / "target" / "release")
    parser.add_argument("--python", type=Path, default=Path(sys.executable))
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--rq", action="store_true", help="measure RQ in the same run")
    options = parser.parse_args()
    figures: dict[str, Any] = {
        "fresh interpreter to first line, ms": fresh_interpreter(options.python, options.count)
    }
    with tempfile.TemporaryDirectory() as folder:
        installation = Installation(Path(folder) / "data", options.binaries, options.python.absolute())
        try:
            began = time.perf_counter()
            client = installation.start_server()
            figures["server start to signed in, ms"] = round((time.perf_counter() - began) * 1000, 1)
            installation.start_agent(client)
            job = Path(folder) / "first-line"
            job.mkdir()
            (job / "job.py").write_text(HELLO)
            (job / "pyproject.toml").write_text(MANIFEST)
            package_id = package(client, "first-line", job)
            assert installation.server and installation.agent
            time.sleep(2)
            figures["idle memory of the server, MB"] = memory_mb(installation.server.pid)
            figures["idle memory of the agent, MB"] = memory_mb(installation.agent.pid)
            figures["interpreters that wait"] = memory_of_waiting(installation.agent.pid)
            first_line(client, package_id, 5)
            figures["trigger to first user line, ms"] = first_line(client, package_id, options.count)
            for how, at_once in (("each by its own request", False), ("triggered at once", True)):
                rate = executions_per_second(client, package_id, 200, at_once=at_once)
                figures[f"isolated executions a second, 2 slots, {how}"] = rate
        finally:
            installation.stop()
    floor = figures["fresh interpreter to first line, ms"]["p50"]
    first = figures["trigger to first user line, ms"]["p50"]
    figures["trigger to first user line / fresh interpreter, p50"] = round(first / floor, 2)
    if options.rq:
        rq = figures["RQ"] = measure_rq(options.count)
        figures["trigger to first user line / RQ, p50"] = round(
            first / rq["trigger to first line, ms"]["p50"], 2
        )
        for ours, theirs in (("each by its own request", "each by its own call"), ("triggered at once",) * 2):
            rate = figures[f"isolated executions a second, 2 slots, {ours}"]
            rate /= rq[f"jobs a second, 2 workers, {theirs}"]
            figures[f"executions a second / RQ, {ours}"] = round(rate, 2)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
