"""Triggers that look at work queues and at folders, with a real server and a real agent."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from client import Client
from installation import Installation
from test_triggers import executions, published, until


def holds(client: Client, trigger: dict[str, Any]) -> list[dict[str, Any]]:
    """What holds a trigger back."""
    found: list[dict[str, Any]] = client.call("GET", f"/api/triggers/{trigger['id']}/explain")["holds"]
    return found


def watching(client: Client, folder: Path, package_id: str, **source: object) -> dict[str, Any]:
    """A trigger of a folder of the one agent."""
    (agent,) = client.items("/api/agents")
    made: dict[str, Any] = client.call(
        "POST",
        "/api/triggers",
        {
            "name": "inbox",
            "packageId": package_id,
            "source": {
                "kind": "fileArrival",
                "agentId": agent["id"],
                "folder": str(folder),
                "pattern": "*.csv",
                "settleMs": 500,
                **source,
            },
            "mapping": {"file": "/file", "name": "/name", "size": "/size"},
        },
    )
    return made


def test_items_of_a_queue_are_worked_off(client: Client) -> None:
    (ledger,) = published(client, "ledger")
    queue = client.call("POST", "/api/queues", {"name": "bookings"})["id"]
    source = {"kind": "workQueue", "queueId": queue, "minItems": 20, "itemsPerExecution": 10, "maxRunning": 2}
    body = {"name": "bookings", "packageId": ledger, "source": source, "mapping": {"queue": "/queueName"}}
    trigger = client.call("POST", "/api/triggers", body)
    items = f"/api/queues/{queue}/items"
    for number in range(19):
        client.call("POST", items, {"payload": {"number": number}})
    assert [hold["kind"] for hold in holds(client, trigger)] == ["notEnough"]
    assert executions(client, ledger) == []
    client.call("POST", items, {"payload": {"number": 19}})

    def ended() -> list[dict[str, Any]] | None:
        counts = client.call("GET", f"/api/queues/{queue}/statistics")["counts"]
        return executions(client, ledger) if counts.get("Successful", 0) == 20 else None

    made = until("the items are done", ended)
    assert 1 <= len(made) <= 2
    done = [client.wait(one["id"]) for one in made]
    assert sum(one["outputs"]["booked"] for one in done) == 20
    assert all(one["origin"] == {"kind": "trigger", "triggerId": trigger["id"]} for one in done)
    firings = client.call("GET", f"/api/triggers/{trigger['id']}/firings")["items"]
    assert {one["executionId"] for one in firings} == {one["id"] for one in made}


def test_an_item_that_is_deferred_or_old_fires_by_itself(client: Client) -> None:
    (ledger,) = published(client, "ledger")
    queue = client.call("POST", "/api/queues", {"name": "bookings"})["id"]
    source = {"kind": "workQueue", "queueId": queue, "minItems": 100, "maxAgeMs": 1_000}
    client.call("POST", "/api/triggers", {"name": "old", "packageId": ledger, "source": source})
    later = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3))
    client.call("POST", f"/api/queues/{queue}/items", {"payload": {"number": 1}, "deferUntil": later})
    assert executions(client, ledger) == []
    made = until("the old item fires", lambda: next(iter(executions(client, ledger)), None), seconds=20)
    assert client.wait(made["id"])["outputs"] == {"booked": 1}


def test_a_file_that_arrives_is_read_once(installation: Installation, tmp_path: Path) -> None:
    root = tmp_path / "inbox"
    root.mkdir()
    (root / "old.csv").write_text("a;1\n")
    client = installation.start_server()
    installation.start_agent(client, watch=root)
    (inbox,) = published(client, "inbox")
    trigger = watching(client, root, inbox, after="move")
    until("the folder is watched", lambda: True if holds(client, trigger) == [] else None, seconds=20)
    (root / "bank statement ä.csv").write_text("a;1.5\nb;2\n", encoding="utf-8")
    (root / "note.txt").write_text("nothing")
    made = until("the file makes an execution", lambda: next(iter(executions(client, inbox)), None))
    done = client.wait(made["id"])
    assert done["state"] == "Succeeded", done["error"]
    assert done["outputs"] == {"name": "bank statement ä.csv", "size": 10, "total": 3.5}
    until("it is moved", lambda: (root / "processed" / "bank statement ä.csv").exists() or None)
    assert (root / "old.csv").exists() and (root / "note.txt").exists()
    # Server and agent are killed; what arrives meanwhile is read once, and what was read is not read again.
    installation.kill_agent()
    installation.kill_server()
    (root / "second.csv").write_text("c;4\n")
    client = installation.start_server()
    installation.start_agent(client, watch=root)
    until("the second file", lambda: len(executions(client, inbox)) == 2 or None)
    time.sleep(3)
    names = [client.wait(one["id"])["outputs"]["name"] for one in executions(client, inbox)]
    assert names == ["second.csv", "bank statement ä.csv"]


def test_a_folder_that_the_operator_did_not_allow_is_not_watched(
    installation: Installation, tmp_path: Path
) -> None:
    allowed, other = tmp_path / "allowed", tmp_path / "other"
    allowed.mkdir()
    other.mkdir()
    (other / "secret.csv").write_text("a;1\n")
    (allowed / "way out").symlink_to(other)
    client = installation.start_server()
    installation.start_agent(client, watch=allowed)
    (inbox,) = published(client, "inbox")
    for folder in (other, allowed / "way out", Path("/etc")):
        trigger = watching(client, folder, inbox, includeExisting=True, pattern="*")
        (hold,) = until("the agent refuses", lambda t=trigger: holds_of_agent(client, t), seconds=20)
        assert hold["code"] == "outsideRoots" and "--watch-root" in hold["message"]
    assert executions(client, inbox) == []


def holds_of_agent(client: Client, trigger: dict[str, Any]) -> list[dict[str, Any]] | None:
    """What the agent says of a trigger's folder, once it has said something."""
    return [hold for hold in holds(client, trigger) if hold["kind"] == "watch"] or None
