"""Several servers on one PostgreSQL behind a balancer, with agents that know only that."""

from __future__ import annotations

import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from balancer import Balancer
from client import ApiError, Client
from installation import ADMIN, Installation, package

T = TypeVar("T")

MARKER = """
import os

def run(n: int, folder: str) -> dict:
    # Made by whoever runs it first: a second run would find it.
    os.close(os.open(os.path.join(folder, str(n)), os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    print("marked")
    return {"n": n}
"""
MANIFEST = '[project]\nname = "marker"\nversion = "1.0.0"\n[tool.openautomate]\nentrypoint = "job:run"\n'


class Server(Installation):
    """One of several: keys and archives are shared."""

    def __init__(self, folder: Path, binaries: Path, number: int, database: str) -> None:
        super().__init__(folder, binaries, Path(sys.executable), lease_ttl=20)
        self.port_file = folder / f"port-{number}"
        self.database = database

    def _spawn(self, name: str, *arguments: str, **env: str) -> subprocess.Popen[str]:
        return super()._spawn(name, *arguments, OPENAUTOMATE_DATABASE=self.database, **env)


class Fleet:
    """The servers, the balancer, the agents, and a client of all of them."""

    def __init__(self, folder: Path, binaries: Path, database: str, servers: int, agents: int) -> None:
        self.servers = [Server(folder, binaries, number, database) for number in range(servers)]
        for server in self.servers:
            server.start_server()
        self.balancer = Balancer([server.port for server in self.servers])
        self.client = Client(f"http://127.0.0.1:{self.balancer.port}")
        self.client.login(ADMIN, self.servers[0].password())
        self.agents = []
        for number in range(agents):
            agent = Installation(folder / f"agent-{number}", binaries, Path(sys.executable))
            agent.url = self.client.url
            agent.start_agent(self.client, name=f"agent-{number}")
            self.agents.append(agent)

    def stop(self) -> None:
        """Stops all of them, the agents first."""
        for one in self.agents + list(self.servers):
            one.stop()
        self.balancer.close()

    def marker(self, folder: Path) -> str:
        """A package whose runs each make a file, and fail if it is there."""
        folder.mkdir()
        (folder / "job.py").write_text(MARKER)
        (folder / "pyproject.toml").write_text(MANIFEST)
        return package(self.client, "marker", folder)

    def enqueue(self, package_id: str, marks: Path, count: int, first: int = 0) -> list[str]:
        """Asks for executions, eight at a time, and insists; gives their ids."""

        def one(number: int) -> str:
            body = {"packageId": package_id, "inputs": {"n": number, "folder": str(marks)}}
            key = str(uuid.uuid4())
            call = self.client.call
            return str(insist(lambda: call("POST", "/api/executions", body, Idempotency_Key=key))["id"])

        with ThreadPoolExecutor(8) as pool:
            return list(pool.map(one, range(first, first + count)))

    def wait_for_all(self, ids: set[str], seconds: float) -> None:
        """Waits until none of the executions is under way."""
        path = "/api/executions?state=Pending,Assigned,Running,Waiting"
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not any(one["id"] in ids for one in insist(lambda: list(self.client.items(path)))):
                return
            time.sleep(0.5)


def insist(call: Callable[[], T], seconds: float = 60) -> T:
    """Repeats what a server did not answer, as clients do."""
    end = time.monotonic() + seconds
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
