"""L4: no bytes in a log harm its reader.

They are kept as they are, and shown, or written into the programs' own logs, so that nothing obeys them.
"""

from __future__ import annotations

import base64
import json
import os
import re
import socket
import sys
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from client import ApiError, Client
from conftest import BINARIES
from hostile_text import acts, kept, long, raw, texts
from installation import Installation, package
from test_main_job import trigger

AUTOMATION = '''
import logging
import sys

import hostile_text


def run(what: str) -> dict:
    if what == "printed":
        for text in hostile_text.texts():
            print(text)
    elif what == "stderr":
        for text in hostile_text.texts():
            print(text, file=sys.stderr)
    elif what == "bytes":
        for line in hostile_text.raw():
            sys.stdout.buffer.write(line + b"\\n")
            sys.stdout.flush()
    elif what == "long":
        for text in hostile_text.long():
            print(text)
    elif what == "logged":
        for text in hostile_text.texts(lines=True):
            logging.getLogger("app").warning("%s", text)
        for text in hostile_text.long():
            logging.getLogger("app").error(text)
        logging.getLogger("app").info("half of a pair: \\ud800, \\udc80")
    elif what == "loggers":
        for text in hostile_text.texts(lines=True):
            logging.getLogger(text).info("from a logger")
    elif what == "raised":
        for text in hostile_text.texts(lines=True):
            try:
                raise ValueError(text)
            except ValueError:
                logging.getLogger("app").exception("it failed")
        raise RuntimeError("".join(hostile_text.texts(lines=True)[:40]))
    return {}
'''
MANIFEST = """\
[project]
name = "hostile-text"
version = "1.0.0"

[tool.openautomate]
entrypoint = "job:run"
"""
LEVELS = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR"]
EVENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z +(TRACE|DEBUG|INFO|WARN|ERROR) \S")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Installation, Client, str]]:
    """A server and an agent that tell all they can, and the package."""
    folder = tmp_path_factory.mktemp("hostile-logs")
    made = Installation(folder / "data", BINARIES, Path(sys.executable), lease_ttl=60)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RUST_LOG", "debug")
        patch.setenv("OPENAUTOMATE_MAX_PUBLIC_REQUESTS", "100000")
        client = made.start_server()
        made.start_agent(client)
        source = folder / "package"
        source.mkdir()
        (source / "job.py").write_text(AUTOMATION)
        (source / "hostile_text.py").write_text((Path(__file__).parent / "hostile_text.py").read_text())
        (source / "pyproject.toml").write_text(MANIFEST)
        yield made, client, package(client, "hostile-text", source)
        made.stop()


def ended(place: tuple[Installation, Client, str], what: str, state: str = "Succeeded") -> str:
    """An execution that has said it all."""
    _, client, package_id = place
    execution = trigger(client, package_id, what=what)
    assert client.wait(execution, seconds=120)["state"] == state
    return execution


def page_by_page(client: Client, execution: str) -> list[dict[str, Any]]:
    """The log as JSON, by pages."""
    lines: list[dict[str, Any]] = []
    after = ""
    while True:
        page = client.call("GET", f"/api/executions/{execution}/logs?limit=150{after}")
        lines += page["items"]
        if not page["next"]:
            assert page["complete"]
            return lines
        after = f"&after={page['next']}"


def live(client: Client, execution: str) -> list[dict[str, Any]]:
    """The log as the live WebSocket tells it (RFC 6455)."""
    host, port = client.url.removeprefix("http://").split(":")
    lines: list[dict[str, Any]] = []
    with socket.create_connection((host, int(port)), timeout=60) as line:
        key = base64.b64encode(os.urandom(16)).decode()
        line.sendall(
            f"GET /api/live HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            f"Authorization: {client.headers()['Authorization']}\r\n\r\n".encode()
        )
        stream = line.makefile("rb")
        assert b" 101 " in stream.readline()
        while stream.readline().strip():
            pass
        ask = json.dumps({"op": "subscribe", "id": 1, "topic": "log", "executionId": execution}).encode()
        line.sendall(b"\x81" + bytes([0x80 | 126]) + len(ask).to_bytes(2, "big") + bytes(4) + ask)
        while True:
            opcode, size = stream.read(2)
            if size > 125:
                size = int.from_bytes(stream.read(2 if size == 126 else 8), "big")
            content = stream.read(size)
            # A text frame is UTF-8, or a browser ends the connection; a ping is passed over.
            said = json.loads(content.decode()) if opcode == 0x81 else {"type": "ping"}
            if said["type"] == "lines":
                lines += said["lines"]
            elif said["type"] == "complete":
                return lines
            else:
                assert said["type"] in ("ping", "subscribed"), said


def same_everywhere(client: Client, execution: str) -> list[dict[str, Any]]:
    """The log, which is the same however it is asked for."""
    lines = page_by_page(client, execution)
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    assert list(client.follow(execution)) == lines
    assert live(client, execution) == lines
    shown_safely(client, execution, lines)
    return lines


def shown_safely(client: Client, execution: str, lines: list[dict[str, Any]]) -> None:
    """As text, it is a file to be kept: nothing in it acts on a terminal, and no line looks like another."""
    for query in ("?limit=5000", "?follow=true"):
        path = f"/api/executions/{execution}/logs{query}"
        with client.open("GET", path, headers={"Accept": "text/plain"}) as answer:
            headers, shown = answer.headers, answer.read().decode()
        assert headers["Content-Type"] == "text/plain; charset=utf-8"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Disposition"] == f'attachment; filename="{execution}.log"'
        assert not [c for c in shown if acts(c)], "raw control characters"
        rows = shown.split("\n")
        assert rows.pop() == ""
        firsts = [row for row in rows if re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z [A-Z]+ ", row)]
        others = [row for row in rows if row not in firsts]
        assert len(firsts) == len(lines)
        assert all(row.startswith("    ") for row in others), "a line that looks like one of its own"


def said(lines: list[dict[str, Any]], stream: str) -> list[str]:
    """The texts on a stream."""
    return [line["text"] for line in lines if line["stream"] == stream]


@pytest.mark.parametrize(("what", "stream"), [("printed", "stdout"), ("stderr", "stderr")])
def test_what_is_printed_is_kept_as_it_is(
    place: tuple[Installation, Client, str], what: str, stream: str
) -> None:
    lines = same_everywhere(place[1], ended(place, what))
    assert said(lines, stream) == texts()


def test_bytes_that_are_no_text_are_replaced_as_unicode_says(place: tuple[Installation, Client, str]) -> None:
    lines = same_everywhere(place[1], ended(place, "bytes"))
    assert said(lines, "stdout") == [line.decode(errors="replace") for line in raw()]


def test_long_lines_are_cut_and_marked(place: tuple[Installation, Client, str]) -> None:
    lines = same_everywhere(place[1], ended(place, "long"))
    assert said(lines, "stdout") == [kept(text) for text in long()]
    assert all(len(text.encode()) <= 64 * 1024 for text in said(lines, "stdout"))


def test_records_are_kept_with_their_lines(place: tuple[Installation, Client, str]) -> None:
    lines = same_everywhere(place[1], ended(place, "logged"))
    wanted = [*texts(lines=True), *map(kept, long()), "half of a pair: ?, ?"]
    assert said(lines, "logging") == wanted
    assert {line["logger"] for line in lines if line["stream"] == "logging"} == {"app"}


def test_names_of_loggers_are_kept(place: tuple[Installation, Client, str]) -> None:
    lines = same_everywhere(place[1], ended(place, "loggers"))
    assert [line["logger"] for line in lines if line["stream"] == "logging"] == texts(lines=True)


def test_what_is_raised_is_kept(place: tuple[Installation, Client, str]) -> None:
    execution = ended(place, "raised", state="Failed")
    lines = same_everywhere(place[1], execution)
    found = said(lines, "logging")
    assert len(found) == len(texts(lines=True))
    for text, record in zip(texts(lines=True), found, strict=True):
        assert record.startswith("it failed\nTraceback (most recent call last):\n") and text in record
    error = place[1].call("GET", f"/api/executions/{execution}")["error"]
    assert error["message"] == "".join(texts(lines=True)[:40])


def send(client: Client, head: bytes, body: bytes = b"") -> bytes:
    """A request that no client of good manners would send; the first line of the answer."""
    host, port = client.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as line:
        line.sendall(head + b"\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        return line.makefile("rb").readline()


def attack(client: Client, number: int, text: str, hook: str) -> None:
    """Puts a text where a stranger or a person can put one: each in some places, and all places get many."""
    allowed = b"\r\nAuthorization: " + client.headers()["Authorization"].encode()
    data, quoted = text.encode(), urllib.parse.quote(text, safe="").encode()
    one_line = data.replace(b"\r", b"").replace(b"\n", b"").replace(b"\0", b"")
    heads = [
        b"GET /api/auth/me HTTP/1.1\r\nHost: x\r\nUser-Agent: " + one_line,
        b"GET /api/auth/me HTTP/1.1\r\nHost: x\r\nX-Request-Id: " + one_line,
        b"GET /api/auth/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + one_line,
        b"GET /api/auth/me HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: " + one_line,
        b"GET /api/auth/me HTTP/1.1\r\nHost: " + quoted + b"\r\nUser-Agent: " + data,
        b"GET /" + quoted + b" HTTP/1.1\r\nHost: x",
        b"GET /" + one_line.replace(b" ", b"") + b" HTTP/1.1\r\nHost: x",
        b"GET /api/packages/" + quoted + b"?" + quoted + b"=" + quoted + b" HTTP/1.1\r\nHost: x" + allowed,
        one_line + b" /api HTTP/1.1\r\nHost: x",
    ]
    for head in (heads[number % 9], heads[(number + 4) % 9]):
        # Some are refused with a status, and some are no HTTP at all.
        assert not send(client, head).startswith(b"HTTP/1.1 5"), head
    signed = b"\r\nX-Openautomate-Timestamp: 1\r\nX-Openautomate-Signature: sha256=" + quoted
    send(client, b"POST " + hook.encode() + b" HTTP/1.1\r\nHost: x" + signed, data)
    bodies: list[tuple[str, dict[str, Any]]] = [
        ("/api/packages", {"name": text, "description": text}),
        ("/api/agents/register", {"name": text, "machineName": text, "ipAddress": text}),
        ("/api/environments", {"name": text}),
        ("/api/queues", {"name": text, "description": text}),
        ("/api/assets", {"name": text, "kind": "plain", "value": text}),
        ("/api/roles", {"name": text, "permissions": ["ReadAgents"], "description": text}),
        ("/api/schedules", {"packageId": text, "cronExpression": text, "timeZone": text}),
        ("/api/agents/enrol", dict.fromkeys(["token", "name", "machineName", "publicKey", "proof"], text)),
        ("/api/auth/refresh", {"refreshToken": text}),
        ("/api/users/invitations", {"email": text, "roles": [text]}),
    ]
    bodies = [bodies[number % 10], bodies[(number + 5) % 10]]
    if number % 10 == 0:
        # Each hashes a password.
        bodies.append(("/api/auth/login", {"username": text, "password": text}))
    for path, body in bodies:
        try:
            client.call("POST", path, body)
        except ApiError as error:
            assert 400 <= error.status < 500, (path, error)


def events(log: Path) -> list[str]:
    """The lines of a program's log, each of which is one event and harms nobody."""
    lines = log.read_bytes().decode().split("\n")
    assert lines.pop() == "", "the last line has an end"
    for line in lines:
        assert EVENT.match(line), f"not the beginning of an event: {line[:300]!r}"
        assert not [c for c in line if acts(c)], repr(line[:300])
        assert "panicked" not in line, line[:300]
    return lines


def test_the_programs_own_logs_have_one_line_an_event(place: tuple[Installation, Client, str]) -> None:
    installation, client, package_id = place
    source = {"kind": "webhook", "style": "timestamped"}
    made = client.call("POST", "/api/triggers", {"name": "hook", "packageId": package_id, "source": source})
    for number, text in enumerate(texts(lines=True)):
        attack(client, number, text, made["hookPath"])
    # The automation's own words, which neither of the two repeats, went by here, too.
    ended(place, "raised", state="Failed")
    installation.stop()
    for name in ("server", "agent"):
        lines = events(installation.folder / f"{name}.log")
        assert len(lines) > (100 if name == "server" else 5), len(lines)


def test_logs_as_json_have_one_object_an_event(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUST_LOG", "debug")
    monkeypatch.setenv("OPENAUTOMATE_JSON_LOGS", "true")
    monkeypatch.setenv("OPENAUTOMATE_MAX_PUBLIC_REQUESTS", "100000")
    installation = Installation(tmp_path / "data", BINARIES, Path(sys.executable))
    try:
        client = installation.start_server()
        for number, text in enumerate(texts(lines=True)[::3]):
            attack(client, number, text, "/api/hooks/0197-nothing")
    finally:
        installation.stop()
    content = (installation.folder / "server.log").read_bytes().decode()
    assert not [c for c in content if acts(c)]
    lines = content.split("\n")
    assert lines.pop() == "" and len(lines) > 30
    for line in lines:
        event = json.loads(line)
        assert event["timestamp"] and event["level"] in LEVELS, line[:300]
