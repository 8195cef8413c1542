"""Three servers and four agents on one PostgreSQL, while a server is killed every two seconds."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from balancer import Balancer
from client import TERMINAL, ApiError, Client
from conftest import BINARIES
from installation import ADMIN, Installation, package

SERVERS, AGENTS, EXECUTIONS = 3, 4, 2_000
KILL_EVERY = 2.0
MARKER = """
import os

def run(n: int, folder: str) -> dict:
    # Made by whoever runs it first: a second run would find it.
    os.close(os.open(os.path.join(folder, str(n)), os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    return {"n": n}
"""


class Site:
    """Servers on one database and one data folder, behind a balancer, and agents that know only that."""

    def __init__(self, folder: Path, database: str) -> None:
        self.database = database
        self.servers = [Server(folder, number, database) for number in range(SERVERS)]
        for server in self.servers:
            server.start_server()
        self.balancer = Balancer([server.port for server in self.servers])
        self.client = Client(f"http://127.0.0.1:{self.balancer.port}")
        self.client.login(ADMIN, self.servers[0]._password())
        self.agents = []
        for number in range(AGENTS):
            agent = Installation(folder / f"agent-{number}", BINARIES, Path(sys.executable))
            agent.url = self.client.url
            agent.start_agent(self.client, name=f"agent-{number}")
            self.agents.append(agent)

    def stop(self) -> None:
        for one in self.agents + self.servers:
            one.stop()
        self.balancer.close()


class Server(Installation):
    """One of several: keys and archives are shared, and the log is its own."""

    def __init__(self, folder: Path, number: int, database: str) -> None:
        super().__init__(folder, BINARIES, Path(sys.executable), lease_ttl=20)
        self.port_file = folder / f"port-{number}"
        self.database = database

    def _spawn(self, name: str, *arguments: str, **env: str) -> subprocess.Popen[str]:
        return super()._spawn(name, *arguments, OPENAUTOMATE_DATABASE=self.database, **env)


@pytest.fixture
def site(tmp_path: Path) -> Any:
    address = os.environ.get("OPENAUTOMATE_TEST_POSTGRES")
    if not address:
        pytest.fail("OPENAUTOMATE_TEST_POSTGRES names no server; `make test-main-job` sees to it")
    schema = f"several_{secrets.token_hex(6)}"
    made = Site(tmp_path / "site", f"{address}{'&' if '?' in address else '?'}schema={schema}")
    yield made
    made.stop()
    drop = ["psql", "--quiet", "--command", f"DROP SCHEMA {schema} CASCADE", address]
    subprocess.run(drop, env=os.environ | {"PGOPTIONS": "-c client_min_messages=warning"}, check=True)


def insist(call: Any) -> Any:
    """Repeats what a server that was killed did not answer, as clients do."""
    end = time.monotonic() + 60
    while True:
        try:
            return call()
        except ApiError as error:
            if error.status < 500 or time.monotonic() > end:
                raise
        except (OSError, ValueError):
            if time.monotonic() > end:
                raise
        time.sleep(0.05)


def test_servers_that_are_killed_lose_nothing_and_do_nothing_twice(site: Site, tmp_path: Path) -> None:
    client, folder = site.client, tmp_path / "marks"
    folder.mkdir()
    source = tmp_path / "marker"
    source.mkdir()
    (source / "job.py").write_text(MARKER)
    (source / "pyproject.toml").write_text(
        '[project]\nname = "marker"\nversion = "1.0.0"\n[tool.openautomate]\nentrypoint = "job:run"\n'
    )
    package_id = package(client, "marker", source)
    schedule = {
        "name": "every second",
        "packageId": package_id,
        "cronExpression": "* * * * * *",
        "overlap": "allow",
        "misfire": "all",
        "inputs": {"n": -1, "folder": "/nowhere"},
    }
    every_second = client.call("POST", "/api/schedules", schedule)["id"]

    def enqueue(number: int) -> str:
        body = {"packageId": package_id, "inputs": {"n": number, "folder": str(folder)}}
        key = str(uuid.uuid4())
        return str(insist(lambda: client.call("POST", "/api/executions", body, Idempotency_Key=key))["id"])

    over, killed = threading.Event(), Counter[int]()

    def kill() -> None:
        turn = 0
        while not over.wait(KILL_EVERY):
            server = site.servers[turn % SERVERS]
            server.kill_server()
            server.start_server()
            killed[turn % SERVERS] += 1
            turn += 1

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        with ThreadPoolExecutor(8) as pool:
            asked = list(pool.map(enqueue, range(EXECUTIONS)))
        open_states = f"/api/executions?packageId={package_id}&state=Pending,Assigned,Running,Waiting&limit=1"
        end = time.monotonic() + 300
        while time.monotonic() < end:
            waiting = insist(lambda: client.call("GET", open_states))["items"]
            if not waiting or insist(lambda: unended(client, set(asked))) == 0:
                break
            time.sleep(0.5)
    finally:
        over.set()
        killer.join()
    insist(lambda: client.call("DELETE", f"/api/schedules/{every_second}"))

    everything = insist(lambda: list(client.items(f"/api/executions?packageId={package_id}")))
    by_hand = {one["id"]: one for one in everything if one["origin"]["kind"] != "schedule"}
    assert set(by_hand) == set(asked) and len(asked) == EXECUTIONS, "one was lost, or made twice"
    states = Counter(one["state"] for one in by_hand.values())
    failed = next((one for one in by_hand.values() if one["state"] != "Succeeded"), None)
    why = failed and client.call("GET", f"/api/executions/{failed['id']}")
    assert states == {"Succeeded": EXECUTIONS}, f"{states}; {why}"
    assert len(list(folder.iterdir())) == EXECUTIONS
    assert sum(killed.values()) >= 3, "nothing was killed"
    dues = sorted(one["origin"]["dueAt"] for one in everything if one["origin"]["kind"] == "schedule")
    assert len(dues) == len(set(dues)), "a due time fired twice"
    seconds = [datetime.fromisoformat(due.replace("Z", "+00:00")) for due in dues]
    gaps = {after - before for before, after in zip(seconds, seconds[1:], strict=False)}
    assert gaps == {timedelta(seconds=1)}, "a due time was left out"


def unended(client: Client, ids: set[str]) -> int:
    """How many of the executions have not ended."""
    path = "/api/executions?state=Pending,Assigned,Running,Waiting"
    return sum(one["id"] in ids and one["state"] not in TERMINAL for one in client.items(path))

