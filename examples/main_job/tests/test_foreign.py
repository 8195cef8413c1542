"""Packages that were not made for OpenAutomate, through server and agent, with what they need from PyPI."""

from __future__ import annotations

import json
import shutil
import socket
from pathlib import Path

import pytest
from client import Client
from installation import ROOT, Installation, pack
from test_main_job import trigger

FOREIGN = ROOT / "examples" / "foreign"


def published(client: Client, folder: Path) -> str:
    """The package of a folder that need not say which version it is."""
    made = str(client.call("POST", "/api/packages", {"name": folder.name})["id"])
    path = f"/api/packages/{made}/versions?versionNumber=1.0.0"
    client.open("POST", path, pack(folder), {"Content-Type": "application/zip"}).close()
    return made


def test_a_script(client: Client) -> None:
    execution = trigger(client, published(client, FOREIGN / "script"))
    ended = client.wait(execution, seconds=120)
    assert ended["state"] == "Succeeded", ended["error"]
    assert "north: 1300.00" in [line["text"] for line in client.follow(execution)]


def test_a_robot(client: Client, installation: Installation) -> None:
    robot = published(client, FOREIGN / "robocorp")
    execution = trigger(client, robot, orders=[{"article": "pens", "count": 3}])
    ended = client.wait(execution, seconds=180)
    assert ended["state"] == "Succeeded", ended["error"]
    assert ended["outputs"]["workItems"] == [{"article": "pens", "count": 3}]
    assert installation.environments_with("robocorp_tasks") == 1, "it was installed for the robot"
    kept = [item["name"] for item in client.items(f"/api/executions/{execution}/artifacts")]
    assert "log.html" in kept
    refused = client.wait(trigger(client, robot, task="Check order", article="ink", count=0), seconds=60)
    assert (refused["state"], refused["error"]["kind"]) == ("Failed", "OrderError")


def test_a_bot_of_the_original_template(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    monkeypatch.setenv("OPENAUTOMATE_AGENT_LOOPBACK_API", "true")
    monkeypatch.setenv("OPENAUTOMATE_AGENT_LOOPBACK_PORT", str(port))
    client = installation.start_server()
    installation.start_agent(client)
    client.call("POST", "/api/assets", {"name": "greeting", "kind": "secret", "value": "Good morning"})
    bot = tmp_path / "bot"
    shutil.copytree(FOREIGN / "template-bot", bot)
    settings = bot / "config" / "config.ini"
    settings.write_text(settings.read_text().replace("8080", str(port)))
    execution = trigger(client, published(client, bot))
    ended = client.wait(execution, seconds=120)
    assert ended["state"] == "Succeeded", ended["error"]
    assert ended["progress"]["message"] == "greeting Grace (2 of 2)"
    lines = [line["text"] for line in client.follow(execution)]
    assert "greeted Ada with ***" in lines and "Good morning" not in json.dumps(lines)
