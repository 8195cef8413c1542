"""The served OpenAPI document, held to its word by schemathesis with each role's token."""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from client import Client
from installation import ROOT, package
from test_main_job import trigger

CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "ignored_auth",
    "unsupported_method",
    "allow_header_conformance",
]
# They end what the rest of the run is signed in by.
ENDS_THE_SESSION = ["/api/auth/logout", "/api/auth/password"]
NAMES = iter(f"contract-{number}" for number in range(1_000))


def things(client: Client) -> dict[str, list[str]]:
    """Three of everything that has an id, by the part of a path that stands before it."""
    hello = package(client, "hello", ROOT / "examples" / "automations" / "hello")
    ended = [trigger(client, hello) for _ in range(3)]
    for one in ended:
        client.wait(one)

    def three(path: str, body: Any) -> list[str]:
        return [str(client.call("POST", path, body() if callable(body) else body)["id"]) for _ in range(3)]

    def named(**more: Any) -> Any:
        return lambda: {"name": next(NAMES)} | more

    queues = three("/api/queues", named())
    items = [client.call("POST", f"/api/queues/{one}/items", {"payload": {}})["id"] for one in queues]
    hook = {"kind": "webhook"}
    made = {
        "packages": [hello, *three("/api/packages", named())],
        "versions": [one["id"] for one in client.items(f"/api/packages/{hello}/versions")],
        "executions": ended,
        "agents": [one["id"] for one in client.items("/api/agents")],
        "environments": [one["id"] for one in client.call("GET", "/api/environments")["items"]]
        + three("/api/environments", named()),
        "schedules": three("/api/schedules", {"packageId": hello, "cronExpression": "0 5 1 1 *"}),
        "calendars": three("/api/calendars", named()),
        "queues": queues,
        "items": items,
        "buckets": three("/api/buckets", named()),
        "agent-pools": three("/api/agent-pools", named()),
        "triggers": three("/api/triggers", named(packageId=hello, source=hook)),
    }
    for number in range(3):
        client.call("PUT", "/api/assets", {"name": f"contract_{number}", "kind": "plain", "value": "1"})
    made["assets"] = [one["id"] for one in client.items("/api/assets")]
    return made


def person(client: Client, role: str) -> str:
    """The access token of somebody with one role."""
    email, password = f"{role.lower()}@example.org", secrets.token_urlsafe(18)
    invited = client.call("POST", "/api/users/invitations", {"email": email, "roles": [role]})
    account = {"username": role.lower(), "email": email, "password": password}
    other = Client(client.url)
    other.call("POST", "/api/auth/register", account | {"invitationToken": invited["token"]})
    other.login(role.lower(), password)
    return other.headers()["Authorization"]


def schemathesis(url: str, token: str, folder: Path, phases: str, examples: int) -> str:
    """What a run says; the assertion is in its exit code."""
    program = Path(sys.executable).with_name("schemathesis")
    command = [str(program), "--no-color", "run", f"{url}/api/openapi.json", "--checks", ",".join(CHECKS)]
    command += ["--phases", phases, "--max-examples", str(examples), "--seed", "1"]
    # One worker: two that read sources at once end in a SystemError of CPython 3.11 (its issue 106905).
    command += ["--continue-on-failure", "--no-shrink", "--workers", "1", "--warnings", "off"]
    for path in ENDS_THE_SESSION:
        command += ["--exclude-path", path]
    # A token on a command line is anybody's to read, so the hooks' process has it from its environment.
    env = os.environ | {
        "SCHEMATHESIS_HOOKS": str(Path(__file__).with_name("contract") / "hooks.py"),
        "CONTRACT_IDS": str(folder / "ids.json"),
        "CONTRACT_TOKEN": token,
    }
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    return done.stdout


@pytest.mark.parametrize(
    ("role", "phases", "examples"),
    [
        ("Administrator", "examples,coverage,fuzzing", 10),
        ("Operator", "fuzzing", 5),
        ("Developer", "fuzzing", 5),
        ("Viewer", "fuzzing", 5),
    ],
)
def test_the_api_keeps_its_word(
    role: str, phases: str, examples: int, client: Client, tmp_path: Path
) -> None:
    (tmp_path / "ids.json").write_text(json.dumps(things(client)))
    said = schemathesis(client.url, person(client, role), tmp_path, phases, examples)
    generated = re.search(r"(\d+) generated, (\d+) passed", said)
    assert generated and int(generated[1]) > 400, said
    print(f"{role}: {generated[0]}")
