"""Releases of the agent program, from the server to a real agent: taken when it is idle, refused, rolled
back, and gone on with after a kill."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from client import ApiError, Client
from installation import Installation, package
from run import AUTOMATIONS

#: How long a new release may take until it is connected, in seconds.
HEALTHY_WITHIN = 20

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a shell script stands in for a broken program")


class Releases:
    """Whoever makes releases: signs them with a key that no server has, and brings them to agents."""

    def __init__(self, installation: Installation, client: Client, folder: Path) -> None:
        self.program = installation.binaries / "openautomate-agent"
        self.client = client
        self.folder = folder
        self.public = self.keygen("release.key")

    def keygen(self, name: str) -> str:
        made = self._agent("keygen", "--key", str(self.folder / name))
        assert self._agent("keygen", "--key", str(self.folder / name)) == made, "a key that is there stays"
        return made.strip()

    def _agent(self, *arguments: str) -> str:
        command = [str(self.program), "release", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def sign(self, version: str, program: Path, key: str = "release.key") -> dict[str, Any]:
        signed = self._agent("sign", "--key", str(self.folder / key), "--version", version, str(program))
        made: dict[str, Any] = json.loads(signed)
        return made

    def upload(self, program: Path) -> str:
        with self.client.open("POST", "/api/files?name=agent", program.read_bytes(), timeout=120) as answer:
            return str(json.loads(answer.read())["id"])

    def publish(self, version: str, program: Path, key: str = "release.key") -> str:
        signed = self.sign(version, program, key)
        (target,) = json.loads(signed["manifest"])["targets"]
        signed["files"] = {target: self.upload(program)}
        return str(self.client.call("POST", "/api/agent-releases", signed)["id"])

    def roll_out(self, release: str, **changes: Any) -> str:
        asked = {"releaseId": release, "target": {"kind": "all"}, "soakSeconds": 0, **changes}
        return str(self.client.call("POST", "/api/agent-rollouts", asked)["id"])

    def update(self, rollout: str) -> dict[str, Any]:
        """How far the one agent is."""
        (update,) = self.client.items(f"/api/agent-rollouts/{rollout}/agents")
        return dict(update)

    def until(self, rollout: str, *states: str, seconds: float = 60) -> dict[str, Any]:
        """Waits until the one agent is in one of some states."""
        end = time.monotonic() + seconds
        while (update := self.update(rollout))["state"] not in states:
            assert time.monotonic() < end, update
            time.sleep(0.05)
        return update

    def ended(self, rollout: str, seconds: float = 30) -> dict[str, Any]:
        """Waits for the end of a rollout."""
        end = time.monotonic() + seconds
        while (found := self.client.call("GET", f"/api/agent-rollouts/{rollout}"))["state"] == "running":
            assert time.monotonic() < end, found
            time.sleep(0.05)
        return dict(found)


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The agent under test as the program of a release, without what a debugger wants."""
    source = Path(os.environ.get("OPENAUTOMATE_BINARIES", "target/debug")) / "openautomate-agent"
    program = tmp_path_factory.mktemp("release") / "openautomate-agent"
    if not shutil.which("strip") or subprocess.run(["strip", "-o", program, source]).returncode != 0:
        shutil.copy(source, program)
    return program


@pytest.fixture
def server(installation: Installation) -> Client:
    return installation.start_server()


@pytest.fixture
def releases(installation: Installation, server: Client, tmp_path: Path) -> Releases:
    return Releases(installation, server, tmp_path)


@pytest.fixture
def start(
    installation: Installation, server: Client, releases: Releases, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], None]]:
    """Starts an agent that trusts the release key."""
    monkeypatch.setenv("OPENAUTOMATE_AGENT_RELEASE_KEYS", releases.public)
    monkeypatch.setenv("OPENAUTOMATE_AGENT_HEALTHY_WITHIN", str(HEALTHY_WITHIN))
    yield lambda: installation.start_agent(server, slots=1)


def agent(client: Client) -> dict[str, Any]:
    (found,) = client.items("/api/agents")
    return dict(found)


def until(is_so: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.05)


def broken(folder: Path, text: str) -> Path:
    path = folder / f"broken-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    path.write_text(f"#!/bin/sh\n{text}\n")
    return path


def test_an_agent_takes_a_release_once_it_has_nothing_to_do(
    server: Client, releases: Releases, start: Callable[[], None], real: Path
) -> None:
    start()
    before = agent(server)["facts"]
    assert before["isUpdatable"] and before["agentVersion"] != "99.0.0"
    package_id, release = package(server, "Hello", AUTOMATIONS / "hello"), releases.publish("99.0.0", real)
    long = {"packageId": package_id, "inputs": {"repeat": 200, "delay": 0.1}}
    running = server.call("POST", "/api/executions", long)["id"]
    server.wait(running, states={"Running"})
    rollout = releases.roll_out(release)
    releases.until(rollout, "draining")
    waiting = server.call("POST", "/api/executions", {"packageId": package_id, "inputs": {}})["id"]
    assert server.wait(running)["state"] == "Succeeded", "what runs goes on to its end"
    releases.until(rollout, "healthy")
    assert releases.ended(rollout)["state"] == "done"
    assert agent(server)["facts"]["agentVersion"] == "99.0.0"
    done = server.wait(waiting)
    assert done["state"] == "Succeeded", "what came meanwhile runs afterwards"
    ended = server.call("GET", f"/api/executions/{running}")["endTime"]
    assert datetime.fromisoformat(done["startTime"]) > datetime.fromisoformat(ended)
    # It is the one that runs from now on, also when the installed program is started again.
    with pytest.raises(ApiError, match=r"agent_rollout\.no_agent"):
        releases.roll_out(release)


def test_a_program_that_is_not_healthy_makes_way_for_the_one_before(
    server: Client, releases: Releases, start: Callable[[], None], tmp_path: Path
) -> None:
    start()
    before = agent(server)["facts"]["agentVersion"]
    for version, text, why in (
        ("99.0.0", "exit 7", "exit status: 7"),
        ("99.0.1", "exec sleep 600", f"within {HEALTHY_WITHIN} seconds"),
    ):
        release = releases.publish(version, broken(tmp_path, text))
        rollout = releases.roll_out(release)
        update = releases.until(rollout, "rolledBack")
        assert why in update["reason"], update
        stopped = releases.ended(rollout)
        assert stopped["state"] == "stopped" and why in stopped["reason"]
        until(lambda: agent(server)["connected"])
        assert agent(server)["facts"]["agentVersion"] == before
        # It is never tried again, and says so at once.
        again = releases.roll_out(release)
        assert why in releases.until(again, "rolledBack", seconds=10)["reason"]
        assert releases.ended(again)["state"] == "stopped"
    package_id = package(server, "Hello", AUTOMATIONS / "hello")
    asked = server.call("POST", "/api/executions", {"packageId": package_id, "inputs": {}})
    assert server.wait(asked["id"])["state"] == "Succeeded", "the agent works as before"


def test_what_is_not_as_a_trusted_key_signed_it_is_not_started(
    installation: Installation, server: Client, releases: Releases, start: Callable[[], None], tmp_path: Path
) -> None:
    start()
    good = broken(tmp_path, "exit 0")
    releases.keygen("stranger.key")
    rollout = releases.roll_out(releases.publish("99.0.0", good, "stranger.key"))
    assert "not trusted" in releases.until(rollout, "failed")["reason"]
    assert releases.ended(rollout)["state"] == "stopped"
    assert not (installation.folder / "agent" / "releases" / "99.0.0").exists()
    # What the server sees for itself, it refuses at once.
    signed = releases.sign("99.1.0", good)
    (target,) = json.loads(signed["manifest"])["targets"]
    file = releases.upload(good)
    other = releases.upload(broken(tmp_path, "exit 1"))
    tampered = signed["manifest"].replace("99.1.0", "99.2.0")
    for changes in (
        {"files": {target: other}},
        {"files": {}},
        {"manifest": tampered, "files": {target: file}},
        {"signature": releases.sign("99.3.0", good)["signature"], "files": {target: file}},
    ):
        with pytest.raises(ApiError) as refused:
            server.call("POST", "/api/agent-releases", {**signed, **changes})
        assert refused.value.status == 422, changes
    # Nobody goes back unless the release says so.
    with pytest.raises(ApiError, match=r"agent_rollout\.no_agent"):
        releases.roll_out(releases.publish("0.0.1", good))
    # An agent without a key takes nothing, and says why.
    assert installation.agent is not None
    os.killpg(installation.agent.pid, signal.SIGKILL)
    installation.agent.wait()
    os.environ.pop("OPENAUTOMATE_AGENT_RELEASE_KEYS")
    until(lambda: not agent(server)["connected"])
    start()
    assert not agent(server)["facts"]["isUpdatable"]
    rollout = releases.roll_out(releases.publish("99.4.0", good))
    assert "--release-key" in releases.until(rollout, "failed")["reason"]


def test_a_kill_at_any_point_leaves_an_agent_that_works(
    installation: Installation, server: Client, releases: Releases, start: Callable[[], None], real: Path
) -> None:
    start()
    rollout = releases.roll_out(releases.publish("99.0.0", real), deadlineSeconds=300)
    kills = 0
    # Later each time, until it is through before the kill.
    for delay in (0.0, 0.1, 0.2, 0.3, 0.5, 0.8, 1.2, 1.8, 2.5, 4.0, 8.0):
        end = time.monotonic() + delay
        while time.monotonic() < end and releases.update(rollout)["state"] != "healthy":
            time.sleep(0.02)
        assert installation.agent is not None
        if releases.update(rollout)["state"] == "healthy":
            break
        # Once both, and once the launcher alone, whose worker ends by itself.
        if kills % 2:
            os.kill(installation.agent.pid, signal.SIGKILL)
        else:
            os.killpg(installation.agent.pid, signal.SIGKILL)
        installation.agent.wait()
        kills += 1
        until(lambda: not agent(server)["connected"])
        start()
    releases.until(rollout, "healthy")
    assert kills >= 3
    assert releases.ended(rollout)["state"] == "done"
    assert agent(server)["facts"]["agentVersion"] == "99.0.0"
    assert not list((installation.folder / "agent" / "releases" / "partial").iterdir())


def test_a_rollout_that_is_cancelled_leaves_agents_as_they_are(
    server: Client, releases: Releases, start: Callable[[], None], real: Path
) -> None:
    start()
    before = agent(server)["facts"]["agentVersion"]
    package_id, release = package(server, "Hello", AUTOMATIONS / "hello"), releases.publish("99.0.0", real)
    long = {"packageId": package_id, "inputs": {"repeat": 200, "delay": 0.1}}
    running = server.call("POST", "/api/executions", long)["id"]
    server.wait(running, states={"Running"})
    rollout = releases.roll_out(release)
    releases.until(rollout, "draining")
    with pytest.raises(ApiError, match=r"agent_release\.in_use"):
        server.call("DELETE", f"/api/agent-releases/{release}")
    assert server.call("POST", f"/api/agent-rollouts/{rollout}/cancel")["state"] == "cancelled"
    releases.until(rollout, "cancelled")
    second = server.call("POST", "/api/executions", {"packageId": package_id, "inputs": {}})["id"]
    assert server.wait(running)["state"] == server.wait(second)["state"] == "Succeeded"
    assert agent(server)["facts"]["agentVersion"] == before
    audit = [entry["action"] for entry in server.items("/api/audit") if "agent_r" in entry["action"]]
    assert sorted(audit) == ["agent_release.create", "agent_rollout.cancel", "agent_rollout.start"]
