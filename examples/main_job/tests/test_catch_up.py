"""The example of a schedule with catch-up, against a server that is killed while due times pass."""

from __future__ import annotations

import importlib.util
import time
from datetime import datetime, timedelta

from installation import ROOT, Installation, package
from run import AUTOMATIONS

SPEC = importlib.util.spec_from_file_location("catch_up", ROOT / "examples/schedules/catch_up.py")
assert SPEC and SPEC.loader
catch_up = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(catch_up)


def token(client: object) -> str:
    """The access token that a client has."""
    return str(client.headers()["Authorization"].removeprefix("Bearer "))  # type: ignore[attr-defined]


def test_what_came_due_while_the_server_was_down_runs_once(installation: Installation) -> None:
    client = installation.start_server()
    package_id = package(client, "Hello", AUTOMATIONS / "hello")
    made = catch_up.make(
        installation.url, token(client), package_id, cronExpression="* * * * * *", overlap="allow"
    )
    path = f"/api/schedules/{made['id']}"
    assert made["misfire"] == "all" and made["pauseAfterFailures"] == 3
    assert client.call("GET", f"{path}/explain")["holds"] == []
    time.sleep(2)
    installation.kill_server()
    down = datetime.now().astimezone()
    time.sleep(4)
    client = installation.start_server()
    up = datetime.now().astimezone()
    end = time.monotonic() + 30
    dues: list[datetime] = []
    while time.monotonic() < end and (not dues or dues[-1] < up):
        time.sleep(0.2)
        firings = catch_up.history(installation.url, token(client), made["id"])
        assert all(firing["executionId"] and firing["cause"] == "due" for firing in firings), firings
        dues = sorted(datetime.fromisoformat(firing["dueAt"]) for firing in firings)
    client.call("POST", f"{path}/pause", {"reason": "the test is over"})
    assert dues[0] < down < up <= dues[-1]
    gaps = {later - earlier for earlier, later in zip(dues, dues[1:], strict=False)}
    assert gaps == {timedelta(seconds=1)}, "a due time was lost or fired twice"
    explained = client.call("GET", f"{path}/explain")
    assert explained["holds"][0]["kind"] == "paused"
    assert explained["holds"][0]["reason"] == "the test is over"
