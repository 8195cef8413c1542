"""Hostile automations against one real agent: each ends as it is told, and leaves nothing behind."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from client import Client
from conftest import BINARIES
from hostile import CORPUS, Hostile, adopt_orphans, corpus, strays, table
from installation import Installation, package
from test_main_job import COUNTER, made_package, trigger

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")

ALL = {one.name: one for one in corpus()}
# What goes on until it is stopped, or leaves somebody behind that does.
LASTING = [
    "blocks_in_c",
    "deaf",
    "family",
    "fork_bomb",
    "interrupt_handler",
    "loops",
    "outlives_death_signal",
    "stops_itself",
    "thread_stays",
    "waits_with_a_daemon",
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Installation, Client, str]]:
    """One installation for the whole corpus, and a package that does no harm."""
    adopt_orphans()
    folder = tmp_path_factory.mktemp("hostile")
    made = Installation(folder / "data", BINARIES, Path(sys.executable), lease_ttl=8)
    client = made.start_server()
    made.start_agent(client)
    yield made, client, made_package(client, folder, "harmless", COUNTER)
    made.stop()


def known(installation: Installation) -> set[int]:
    """The server and the agent."""
    return {process.pid for process in (installation.server, installation.agent) if process}


def until_clean(known: set[int]) -> None:
    """Waits until nothing is left but what the agent keeps waiting."""
    end = time.monotonic() + 10
    while left := strays(known):
        assert time.monotonic() < end, left
        time.sleep(0.02)


def published(client: Client, folder: Path, one: Hostile, timeout: str | None = None) -> str:
    """The package of one of them."""
    made = folder / one.name
    made.mkdir()
    (made / one.path.name).write_text(one.path.read_text())
    (made / "pyproject.toml").write_text(one.manifest(timeout))
    return package(client, one.name, made)


@pytest.mark.parametrize("name", ALL)
def test_it_ends_as_told_and_hurts_nobody(
    place: tuple[Installation, Client, str], tmp_path: Path, name: str
) -> None:
    installation, client, harmless = place
    execution = trigger(client, published(client, tmp_path, ALL[name]))
    ended = client.wait(execution, seconds=130)
    told: dict[str, Any] = ended.get("error") or {}
    assert ALL[name].ends_as(ended["state"], told.get("kind", "")), ended
    until_clean(known(installation))
    work = installation.folder / "agent" / "work"
    end = time.monotonic() + 60
    while left := list(work.iterdir()):
        assert time.monotonic() < end, left
        time.sleep(0.02)
    assert installation.agent is not None and installation.agent.poll() is None
    assert client.wait(trigger(client, harmless, lines=2, delay=0), seconds=20)["outputs"] == {"lines": 2}


def test_the_table_tells_of_each() -> None:
    assert len(ALL) >= 50
    assert table() in (CORPUS / "README.md").read_text()


def test_a_stop_is_proven(place: tuple[Installation, Client, str], tmp_path: Path) -> None:
    _, client, _ = place
    execution = trigger(client, published(client, tmp_path, ALL["family"], "60s"))
    client.wait(execution, states={"Running"})
    time.sleep(0.5)
    client.call("POST", f"/api/executions/{execution}/cancel", {})
    assert client.wait(execution, seconds=20)["state"] == "Cancelled"
    detail = client.call("GET", f"/api/executions/{execution}")
    report = detail["attempts"][0]["report"]
    assert report["isolation"] == "L1"
    stop = report["stop"]
    assert stop["reason"] == "cancelled" and stop["survivors"] == 0
    assert stop["requestedAt"] <= stop["deliveredAt"] <= stop["emptyAt"]


def test_a_killed_agent_takes_all_of_them_with_it(tmp_path: Path) -> None:
    adopt_orphans()
    others = {one.pid for one in strays(set())}
    installation = Installation(tmp_path / "data", BINARIES, Path(sys.executable), lease_ttl=8)
    try:
        client = installation.start_server()
        installation.start_agent(client, slots=len(LASTING) + 1)
        packages = [published(client, tmp_path, ALL[name], "120s") for name in LASTING]
        executions = [trigger(client, one) for one in packages]
        for name, execution in zip(LASTING, executions, strict=True):
            # What forks without an end may meet its limit before it is looked at.
            client.wait(execution, states={"Running"} | ({"Failed"} if name == "fork_bomb" else set()))
        time.sleep(1)
        assert len(strays(known(installation) | others)) > len(LASTING)
        installation.kill_agent()
        until_clean(known(installation) | others)
        installation.start_agent(client)
        harmless = made_package(client, tmp_path, "harmless", COUNTER)
        assert client.wait(trigger(client, harmless, lines=2))["outputs"] == {"lines": 2}
    finally:
        installation.stop()
