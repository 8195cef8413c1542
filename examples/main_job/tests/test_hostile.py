"""Hostile automations, one after the other, against one real agent: it lives, and leaves nothing behind."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from client import Client
from installation import Installation
from test_main_job import COUNTER, made_package, trigger

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")

# The source of each, and how it ends: the state, and the kind of the error.
HOSTILE: dict[str, tuple[str, str, str]] = {
    "exit": ("import os\ndef run(): os._exit(7)", "Failed", "ExitCode"),
    "segfault": ("import ctypes\ndef run(): ctypes.string_at(0)", "Failed", "Signal"),
    "abort": ("import os\ndef run(): os.abort()", "Failed", "Signal"),
    "loop": ("def run():\n  while True: pass", "TimedOut", "Timeout"),
    "blocked": (
        "import collections, itertools\n"
        "def run(): collections.deque(itertools.repeat(0), maxlen=0)",
        "TimedOut",
        "Timeout",
    ),
    "deaf": (
        "import signal, time\n"
        "def run():\n"
        "  signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "  while True:\n"
        "    try: time.sleep(60)\n"
        "    except BaseException: pass",
        "TimedOut",
        "Timeout",
    ),
    "double fork": (
        "import os, time\n"
        "def run():\n"
        "  if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0: time.sleep(600)\n"
        "    os._exit(0)",
        "Succeeded",
        "",
    ),
    "closed streams": (
        "import os\ndef run():\n  for number in range(3): os.close(number)",
        "Succeeded",
        "",
    ),
    "channel": (
        "import os\n"
        "def run():\n"
        "  for number in range(3, 32):\n"
        "    try: os.write(number, b'garbage\\n')\n"
        "    except OSError: pass\n"
        "  import time; time.sleep(5)",
        "Failed",
        "ProtocolError",
    ),
    "memory": ("def run(): return len(bytearray(10 * 1024 ** 3))", "Failed", "MemoryError"),
    "flood": (
        "def run():\n  for _ in range(20_000): print('x' * 100)",
        "Succeeded",
        "",
    ),
    "family": (
        "import os, time\n"
        "def run():\n"
        "  for _ in range(40):\n"
        "    if os.fork() == 0:\n"
        "      os.setsid()\n"
        "      time.sleep(600)\n"
        "  time.sleep(600)",
        "TimedOut",
        "Timeout",
    ),
}


def processes_of(marker: str) -> list[int]:
    """The processes whose environment or command line has this text."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            text = (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes()
            state = (folder / "stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            continue
        if marker.encode() in text and state != "Z":
            found.append(int(folder.name))
    return found


def until_gone(marker: str) -> None:
    """Waits until nothing with this text is alive."""
    end = time.monotonic() + 10
    while processes_of(marker):
        assert time.monotonic() < end, processes_of(marker)
        time.sleep(0.05)


def hostile_package(client: Client, tmp_path: Path, name: str, source: str) -> str:
    """A package with short limits."""
    folder = tmp_path / name.replace(" ", "-")
    folder.mkdir()
    (folder / "job.py").write_text(source)
    (folder / "pyproject.toml").write_text(
        f'[project]\nname = "{folder.name}"\nversion = "1.0.0"\n\n[tool.openautomate]\n'
        'entrypoint = "job:run"\ntimeout = "2s"\ngrace = "1s"\n'
        '[tool.openautomate.limits]\nmemory = "512M"\n'
    )
    from installation import package

    return package(client, name, folder)


def test_no_automation_hurts_its_agent(
    installation: Installation, client: Client, tmp_path: Path
) -> None:
    harmless = made_package(client, tmp_path, "harmless", COUNTER)
    assert installation.agent is not None
    for name, (source, state, kind) in HOSTILE.items():
        execution = trigger(client, hostile_package(client, tmp_path, name, source))
        ended = client.wait(execution, seconds=30)
        told: dict[str, Any] = ended.get("error") or {}
        assert (ended["state"], told.get("kind", "")) == (state, kind), (name, ended)
        # No process of it is left, the agent is alive, and the next execution is unharmed.
        until_gone(f"OPENAUTOMATE_LEASE={execution}")
        assert installation.agent.poll() is None
        assert client.wait(trigger(client, harmless, lines=2))["outputs"] == {"lines": 2}


def test_a_stop_is_proven(client: Client, tmp_path: Path) -> None:
    source, _, _ = HOSTILE["family"]
    execution = trigger(client, hostile_package(client, tmp_path, "family", source))
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


def test_a_killed_agent_leaves_nothing_behind(
    installation: Installation, client: Client, tmp_path: Path
) -> None:
    source = (
        "import os, time\n"
        "def run():\n"
        "  if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0: time.sleep(600)\n"
        "    os._exit(0)\n"
        "  time.sleep(600)"
    )
    folder = tmp_path / "stays"
    folder.mkdir()
    (folder / "job.py").write_text(source)
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "stays"\nversion = "1.0.0"\n[tool.openautomate]\nentrypoint = "job:run"\n'
    )
    from installation import package

    execution = trigger(client, package(client, "stays", folder))
    client.wait(execution, states={"Running"})
    time.sleep(0.5)
    runtime = os.fspath(installation.folder / "agent" / "runtime")
    assert len(processes_of(runtime)) >= 2
    installation.kill_agent()
    # The run, what left its session, those that wait and their zygote go with the agent.
    until_gone(runtime)
    until_gone(f"OPENAUTOMATE_LEASE={execution}")
    installation.start_agent(client)
