"""V2: two hundred secrets that automations print in every way, and that nobody finds anywhere afterwards."""

from __future__ import annotations

import base64
import json
import os
import random
import subprocess
import sys
import threading
import urllib.parse
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from client import Client
from conftest import BINARIES
from installation import Installation
from test_main_job import made_package, trigger

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

SECRETS = 200
RUNS = 20
ALPHABETS = [
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
    "abcXYZ019-_.~!*'();:@&=+$,/?#[]% ",
    "abcXYZ\"'\\<>&{}|^`\t%",
    "äöüßéñçøåÄÖÜ€—中文字漢字日本語한국어😀🚀abc",
]
PRINTER = """
    import base64
    import json
    import os
    import random
    import sys
    import urllib.parse

    import openautomate

    def split(text, chance):
        # Piece by piece, cut at any byte, in the middle of a character too.
        data = text.encode() + b"\\n"
        sys.stdout.flush()
        cuts = sorted(chance.randrange(len(data)) for _ in range(3))
        for start, end in zip([0, *cuts], [*cuts, len(data)]):
            os.write(1, data[start:end])

    def run(first: int, count: int, seed: int) -> dict:
        chance = random.Random(seed)
        told = []
        for number in range(first, first + count):
            value = openautomate.secret(f"canary-{number}")
            data = value.encode()
            forms = [
                value,
                base64.b64encode(data).decode(),
                urllib.parse.quote(value, safe=""),
                json.dumps(value),
                json.dumps(value, ensure_ascii=False),
                data.hex(),
                repr(value),
            ]
            for form in forms:
                print(f"<{form}>")
                print(form, file=sys.stderr)
                split(f"[{form}]", chance)
            openautomate.log.info("it is %s", value)
            told.append({"value": value, value[:200]: base64.b64encode(data).decode()})
        if first == 0:
            raise ValueError(f"not {value}, nor {data.hex()}")
        return {"told": told}
"""


def secret(chance: random.Random) -> str:
    """A value of 8 to 4,096 bytes; some of several lines, some JSON."""
    size = int(8 * 512 ** chance.random())
    kind = chance.randrange(6)

    def letters(size: int, alphabet: str) -> str:
        return "".join(chance.choice(alphabet) for _ in range(size))

    if kind == 4 and size > 60:
        lines = [letters(40, ALPHABETS[0]) for _ in range(size // 41)]
        return "\n".join(["-----BEGIN CANARY KEY-----", *lines])
    if kind == 5 and size > 60:
        return json.dumps({"user": letters(12, ALPHABETS[0]), "password": letters(size - 50, ALPHABETS[0])})
    # Its ends are letters: an asset keeps blanks, but people trim them.
    made = letters(size, ALPHABETS[kind % 4])
    while len(made.encode()) > 4_090:
        made = made[: len(made) * 9 // 10]
    return f"k{letters(6, ALPHABETS[0])}{made}z"


def needles(values: Iterable[str]) -> dict[bytes, str]:
    """What must be nowhere: each value raw and in the five encodings, as it is and as JSON would hold it."""
    found: dict[bytes, str] = {}
    for number, value in enumerate(values):
        data = value.encode()
        forms = {
            "raw": value,
            "base64": base64.b64encode(data).decode().rstrip("="),
            "URL": urllib.parse.quote(value, safe=""),
            "JSON": json.dumps(value)[1:-1],
            "hex": data.hex(),
            "escapes": repr(value)[1:-1],
        }
        for line in value.splitlines():
            if len(line) >= 12 and not line.startswith("-----"):
                forms[f"line {line[:4]}"] = line
        for name, form in forms.items():
            for text in {form, json.dumps(form)[1:-1], json.dumps(form, ensure_ascii=False)[1:-1]}:
                found[text.encode()] = f"canary-{number} ({name})"
    return found


def hits(content: bytes, wanted: dict[bytes, str]) -> list[str]:
    """Which of them are in a content."""
    return sorted({name for needle, name in wanted.items() if needle in content})


def websocket(client: Client, topics: list[dict[str, object]], into: list[bytes]) -> None:
    """Listens to the live WebSocket until it ends, and keeps every byte of it (RFC 6455)."""
    import socket

    host, port = client.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=120) as line:
        key = base64.b64encode(os.urandom(16)).decode()
        allowed = client.headers()["Authorization"]
        line.sendall(
            f"GET /api/live HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            f"Authorization: {allowed}\r\n\r\n".encode()
        )
        for message in topics:
            data = json.dumps(message).encode()
            assert len(data) < 65_536
            size = bytes([0x80 | 126]) + len(data).to_bytes(2, "big")
            line.sendall(b"\x81" + (size if len(data) > 125 else bytes([0x80 | len(data)])) + bytes(4) + data)
        while chunk := line.recv(65_536):
            into.append(chunk)


def files(folder: Path) -> Iterator[Path]:
    """Every file below a folder."""
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            yield path


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    """Leases that outlast a busy machine: with each secret that a run reads, what masks it is made anew."""
    made = Installation(tmp_path / "data", BINARIES, Path(sys.executable), lease_ttl=60)
    yield made
    made.stop()


def test_no_secret_is_found_anywhere(installation: Installation, client: Client, tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    values = [secret(chance) for _ in range(SECRETS)]
    assert all(8 <= len(value.encode()) <= 4_200 for value in values)
    wanted = needles(values)
    for number, value in enumerate(values):
        asset = {"name": f"canary-{number}", "kind": "secret", "value": value}
        assert "value" not in client.call("POST", "/api/assets", asset)
    package_id = made_package(client, tmp_path, "printer", PRINTER)
    count = SECRETS // RUNS
    executions = [
        trigger(client, package_id, first=first, count=count, seed=seed + first)
        for first in range(0, SECRETS, count)
    ]
    answers: list[bytes] = []
    for execution in executions:
        answers.extend(json.dumps(line, ensure_ascii=False).encode() for line in client.follow(execution))
    commands = subprocess.run("cat /proc/[0-9]*/cmdline", shell=True, capture_output=True).stdout
    ended = [client.wait(execution) for execution in executions]
    states = [(one["state"], one.get("error")) for one in ended]
    assert [state for state, _ in states] == ["Failed", *["Succeeded"] * (RUNS - 1)], states
    lines = len(answers)
    assert lines > SECRETS * 20, "everything was printed"
    for path in [
        "/api/assets?limit=200",
        "/api/executions",
        "/api/audit?limit=200",
        "/api/audit/export",
        "/api/audit/export?format=csv",
        "/api/agents",
        *(f"/api/executions/{execution}" for execution in executions),
        *(f"/api/executions/{execution}/logs" for execution in executions),
        *(f"/api/executions/{execution}/attempts" for execution in executions),
    ]:
        with client.open("GET", path) as answer:
            answers.append(answer.read())
    assert hits(b"\n".join(answers), wanted) == []
    assert b"***" in b"".join(answers)
    assert hits(commands, wanted) == []
    # While everything runs: the database with its log, the spool, the folders of the runs, what both said.
    looked = 0
    for path in files(installation.folder):
        if path.name == "quickstart-password" or "environments" in path.parts:
            continue
        assert hits(path.read_bytes(), wanted) == [], path
        looked += 1
    assert looked > 5
    assert (installation.folder / "server" / "openautomate.db-wal").exists()
    reads = [one for one in client.items("/api/audit?action=asset.read")]
    assert len(reads) == SECRETS, "every read of a run is an entry"


def test_the_live_line_shows_no_secret(installation: Installation, client: Client, tmp_path: Path) -> None:
    chance = random.Random(7)
    values = [secret(chance) for _ in range(6)]
    for number, value in enumerate(values):
        client.call("POST", "/api/assets", {"name": f"canary-{number}", "kind": "secret", "value": value})
    package_id = made_package(client, tmp_path, "printer", "    import time\n    time.sleep(1)\n" + PRINTER)
    execution = trigger(client, package_id, first=1, count=5, seed=1)
    seen: list[bytes] = []
    topics: list[dict[str, object]] = [
        {"op": "subscribe", "id": 1, "topic": "executions"},
        {"op": "subscribe", "id": 2, "topic": "log", "executionId": execution},
    ]
    listener = threading.Thread(target=websocket, args=(client, topics, seen), daemon=True)
    listener.start()
    assert client.wait(execution, seconds=240)["state"] == "Succeeded"
    installation.stop()
    listener.join(timeout=30)
    content = b"".join(seen)
    assert b"***" in content, content[:2_000]
    assert hits(content, needles(values)) == []
