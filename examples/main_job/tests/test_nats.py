"""Server and agent that reach each other by way of NATS alone, with processes that are killed for real."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from client import Client
from conftest import BINARIES
from installation import Installation
from test_main_job import COUNTER, made_package, numbered, trigger

PROGRAM = os.environ.get("OPENAUTOMATE_TEST_NATS_SERVER") or shutil.which(
    "nats-server", path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin"
)


class Nats:
    """A NATS server that is killed and comes back at the same port."""

    def __init__(self, folder: Path) -> None:
        assert PROGRAM, "there is no nats-server; .ci/nats installs it"
        folder.mkdir()
        self.folder = folder
        self.port = -1
        self.start()

    def start(self) -> None:
        """Starts it, and waits until it listens."""
        listen = ["--addr", "127.0.0.1", "--port", str(self.port), "--ports_file_dir", str(self.folder)]
        with open(self.folder / "log", "a") as log:
            self.process = subprocess.Popen([str(PROGRAM), *listen], stdout=log, stderr=log)
        told = self.folder / f"{Path(str(PROGRAM)).name}_{self.process.pid}.ports"
        end = time.monotonic() + 20
        while not told.exists() or not told.read_text().endswith("}"):
            assert time.monotonic() < end, (self.folder / "log").read_text()
            time.sleep(0.005)
        self.port = int(json.loads(told.read_text())["nats"][0].rsplit(":", 1)[1])

    def kill(self) -> None:
        """Kills it without warning."""
        self.process.kill()
        self.process.wait()


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[Nats]:
    made = Nats(tmp_path / "nats")
    yield made
    made.kill()


@pytest.fixture
def installation(tmp_path: Path, nats: Nats) -> Iterator[Installation]:
    address = f"nats://127.0.0.1:{nats.port}"
    made = Installation(tmp_path / "data", BINARIES, Path(sys.executable), lease_ttl=8, nats=address)
    yield made
    made.stop()


def test_an_agent_by_way_of_nats_loses_nothing(
    installation: Installation, client: Client, nats: Nats, tmp_path: Path
) -> None:
    """NATS is killed again and again, and once the server."""
    assert json.loads((installation.folder / "agent" / "agent.json").read_text())["server"].startswith(
        "nats://"
    )
    package_id = made_package(client, tmp_path, "survivor", COUNTER)
    execution = trigger(client, package_id, lines=300, delay=0.02)
    client.wait(execution, states={"Running"})
    for _ in range(3):
        time.sleep(0.4)
        nats.kill()
        time.sleep(0.3)
        nats.start()
    installation.kill_server()
    client = installation.start_server()
    ended = client.wait(execution, seconds=60)
    assert ended["state"] == "Succeeded", ended["error"]
    assert numbered(list(client.follow(execution))) == [f"line {n}" for n in range(1, 301)]
    assert len(client.call("GET", f"/api/executions/{execution}")["attempts"]) == 1
    # What comes afterwards is as before, with a file that goes back by way of NATS.
    keeps = """
        import openautomate

        def run(size: int = 3_000_000) -> dict:
            with open("kept.bin", "wb") as file:
                file.write(bytes(range(250)) * (size // 250))
            openautomate.artifact("kept.bin")
            return {"size": size}
    """
    kept = trigger(client, made_package(client, tmp_path, "keeper", keeps))
    assert client.wait(kept)["state"] == "Succeeded"
    files = client.call("GET", f"/api/executions/{kept}/artifacts")["items"]
    assert [file["size"] for file in files] == [3_000_000]
