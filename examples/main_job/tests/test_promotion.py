"""The example of a promotion, against a real server with an agent in testing and one in production."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import urllib.error
from collections.abc import Iterator
from pathlib import Path

import pytest
from client import Client
from installation import ROOT, Installation, pack
from run import AUTOMATIONS
from test_catch_up import token

SPEC = importlib.util.spec_from_file_location("promote", ROOT / "examples/promotion/promote.py")
assert SPEC and SPEC.loader
promote = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(promote)


def version(folder: Path, number: str) -> bytes:
    """The hello automation under another number."""
    shutil.copytree(AUTOMATIONS / "hello", folder / number)
    manifest = folder / number / "pyproject.toml"
    text = manifest.read_text()
    assert 'version = "1.0.0"' in text
    manifest.write_text(text.replace('version = "1.0.0"', f'version = "{number}"'))
    return pack(folder / number)


def second_person(client: Client) -> Client:
    """An operator who registers by invitation, and signs in."""
    address = "olive@localhost.localdomain"
    invited = client.call("POST", "/api/users/invitations", {"email": address, "roles": ["Operator"]})
    account = {"username": "olive", "email": address, "password": "four eyes see more"}
    other = Client(client.url)
    other.call("POST", "/api/auth/register", {**account, "invitationToken": invited["token"]})
    other.login("olive", account["password"])
    return other


@pytest.fixture
def tester(installation: Installation, client: Client) -> Iterator[subprocess.Popen[bytes]]:
    """An agent that works in testing, beside the one in production."""
    program, data = str(installation.binaries / "openautomate-agent"), str(installation.folder / "tester")
    testing = promote.Person(installation.url, token(client)).environment("testing")
    made = client.call("POST", "/api/agents/enrolment-tokens", {"environmentId": testing["id"]})
    enrol = [program, "enrol", "--server", installation.url, "--name", "tester", "--data-dir", data]
    subprocess.run(enrol, input=made["token"], text=True, check=True, capture_output=True)
    run = [program, "run", "--data-dir", data, "--slots", "1", "--python", str(installation.python)]
    with open(installation.folder / "tester.log", "w") as log:
        agent = subprocess.Popen(run, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    yield agent
    agent.terminate()
    agent.wait(timeout=20)


def test_a_version_goes_to_production_when_two_agree_and_comes_back(
    installation: Installation, client: Client, tester: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    asks, agrees = (
        promote.Person(installation.url, token(person)) for person in (client, second_person(client))
    )
    package_id = client.call("POST", "/api/packages", {"name": "Hello"})["id"]
    first = promote.bring(asks, agrees, package_id, version(tmp_path, "1.0.0"))
    assert (first["kind"], first["state"], first["previousVersionId"]) == ("promote", "done", None)
    second = promote.bring(asks, agrees, package_id, version(tmp_path, "1.1.0"))
    assert second["previousVersionId"] == first["versionId"]
    ran = asks.run(package_id, "production")
    assert (ran["state"], ran["versionNumber"]) == ("Succeeded", "1.1.0")

    back = asks.roll_back(package_id, "production")
    assert back["state"] == "waiting", "the way back takes four eyes, too"
    with pytest.raises(urllib.error.HTTPError) as alone:
        asks.agree(back, "I agree with myself")
    assert alone.value.code == 403
    assert asks.run(package_id, "production")["versionNumber"] == "1.1.0"
    assert agrees.agree(back, "it greets too loudly")["state"] == "done"
    assert asks.run(package_id, "production")["versionNumber"] == "1.0.0"

    history = asks.history(package_id, "production")
    assert [one["kind"] for one in history] == ["rollBack", "promote", "promote"]
    assert all(one["requestedById"] != one["decidedById"] for one in history)
    assert promote.told(history[0]).endswith("it greets too loudly")
    assert tester.poll() is None
