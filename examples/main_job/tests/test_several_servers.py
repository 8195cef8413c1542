"""Several servers on one PostgreSQL: they are killed by turns, and their database crashes under them."""

from __future__ import annotations

import os
import secrets
import subprocess
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cluster import Cluster
from conftest import BINARIES
from fleet import Fleet, insist

KILL_EVERY = 2.0


@pytest.fixture
def schema() -> Iterator[str]:
    """The address of a schema of the tests' PostgreSQL; dropped afterwards."""
    address = os.environ.get("OPENAUTOMATE_TEST_POSTGRES")
    if not address:
        pytest.fail("OPENAUTOMATE_TEST_POSTGRES names no server; `make test-main-job` sees to one")
    name = f"several_{secrets.token_hex(6)}"
    yield f"{address}{'&' if '?' in address else '?'}schema={name}"
    drop = ["psql", "--quiet", "--command", f"DROP SCHEMA IF EXISTS {name} CASCADE", address]
    subprocess.run(drop, env=os.environ | {"PGOPTIONS": "-c client_min_messages=warning"}, check=True)


@contextmanager
def again_and_again(every: float, harm: Callable[[int], None]) -> Iterator[list[int]]:
    """Does harm every few seconds, in turn; gives what was done so far."""
    over, done = threading.Event(), []

    def run() -> None:
        while not over.wait(every):
            harm(len(done))
            done.append(len(done))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield done
    finally:
        over.set()
        thread.join()


def check_each_ran_once(fleet: Fleet, executions: list[Any], asked: list[str], marks: Path) -> None:
    """Every execution that was asked for is there, succeeded, and ran once."""
    by_hand = {one["id"]: one for one in executions if one["origin"]["kind"] != "schedule"}
    assert set(by_hand) == set(asked) and len(by_hand) == len(asked), "one was lost, or made twice"
    states = Counter(one["state"] for one in by_hand.values())
    failed = next((one["id"] for one in by_hand.values() if one["state"] != "Succeeded"), None)
    why = failed and fleet.client.call("GET", f"/api/executions/{failed}")
    assert states == {"Succeeded": len(asked)}, f"{states}; {why}"
    assert len(list(marks.iterdir())) == len(asked)


def test_servers_that_are_killed_lose_nothing_and_do_nothing_twice(schema: str, tmp_path: Path) -> None:
    fleet = Fleet(tmp_path / "fleet", BINARIES, schema, servers=3, agents=4)
    marks = tmp_path / "marks"
    marks.mkdir()

    def kill(turn: int) -> None:
        server = fleet.servers[turn % len(fleet.servers)]
        server.kill_server()
        server.start_server()

    try:
        package_id = fleet.marker(tmp_path / "marker")
        schedule = {
            "name": "every second",
            "packageId": package_id,
            "cronExpression": "* * * * * *",
            "overlap": "allow",
            "misfire": "all",
            "inputs": {"n": -1, "folder": "/nowhere"},
        }
        every_second = fleet.client.call("POST", "/api/schedules", schedule)["id"]
        with again_and_again(KILL_EVERY, kill) as killed:
            asked = fleet.enqueue(package_id, marks, 2_000)
            fleet.wait_for_all(set(asked), seconds=300)
        insist(lambda: fleet.client.call("DELETE", f"/api/schedules/{every_second}"))
        path = f"/api/executions?packageId={package_id}"
        everything = insist(lambda: list(fleet.client.items(path)))
        check_each_ran_once(fleet, everything, asked, marks)
    finally:
        fleet.stop()
    assert len(killed) >= 3, "nothing was killed"
    dues = sorted(one["origin"]["dueAt"] for one in everything if one["origin"]["kind"] == "schedule")
    assert len(dues) == len(set(dues)), "a due time fired twice"
    seconds = [datetime.fromisoformat(due.replace("Z", "+00:00")) for due in dues]
    gaps = {after - before for before, after in zip(seconds, seconds[1:], strict=False)}
    assert gaps == {timedelta(seconds=1)}, "a due time was left out"


def test_a_database_that_crashes_loses_nothing_acknowledged(tmp_path: Path) -> None:
    # A socket's path has little room, and pytest's folders are long.
    with tempfile.TemporaryDirectory(dir="/var/tmp") as short:
        Path(short).chmod(0o711)
        cluster = Cluster(Path(short) / "pg")
        fleet = Fleet(tmp_path / "fleet", BINARIES, cluster.address, servers=2, agents=2)
        marks = tmp_path / "marks"
        marks.mkdir()
        try:
            package_id = fleet.marker(tmp_path / "marker")
            with again_and_again(3.0, lambda _: cluster.crash()) as crashed:
                asked = []
                while len(asked) < 500 or len(crashed) < 3:
                    asked += fleet.enqueue(package_id, marks, 50, first=len(asked))
                fleet.wait_for_all(set(asked), seconds=120)
            path = f"/api/executions?packageId={package_id}"
            everything = insist(lambda: list(fleet.client.items(path)))
            check_each_ran_once(fleet, everything, asked, marks)
            for execution in asked[::50]:
                logs = fleet.client.call("GET", f"/api/executions/{execution}/logs")["items"]
                assert [one["text"] for one in logs if one["stream"] == "stdout"] == ["marked"]
        finally:
            fleet.stop()
            cluster.remove()
