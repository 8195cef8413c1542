"""A storage bucket between automations and people, and an asset that is a file, by the public API."""

from __future__ import annotations

import hashlib
import json
import urllib.parse
from pathlib import Path
from typing import Any

from client import Client
from installation import ROOT, Installation, package
from test_main_job import trigger

EXAMPLE = ROOT / "examples" / "automations" / "report-archive"

MANIFEST = """
[project]
name = "courier"
version = "1.0.0"
[tool.openautomate]
entrypoint = "main:run"
"""

SOURCE = """
import hashlib, os, stat
import openautomate

def run(large: int = 0) -> dict:
    bucket = openautomate.bucket("reports")
    before = {found.key: found.size for found in bucket.list()}
    with open("large.bin", "wb") as file:
        for number in range(large):
            file.write(bytes([number % 251]) * 1_000_000)
    kept = bucket.put("large.bin", "large.bin")
    bucket.download("large.bin", "again.bin")
    with open("again.bin", "rb") as file:
        again = hashlib.file_digest(file, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else (
            hashlib.sha256(file.read()).hexdigest())
    certificate = openautomate.asset_path("certificate")
    with open(certificate, "rb") as file:
        content = file.read()
    try:
        openautomate.secret("certificate")
    except openautomate.SecretError as error:
        refused = str(error)
    left = [name for name in os.listdir(".") if name.startswith(".object-")]
    return {
        "before": before,
        "same": again == kept.sha256,
        "certificate": hashlib.sha256(content).hexdigest(),
        "name": os.path.basename(certificate),
        "mode": stat.S_IMODE(os.stat(certificate).st_mode),
        "inside": os.path.dirname(certificate) == os.getcwd(),
        "refused": refused,
        "left": left,
        "deleted": [bucket.delete("from-a-person"), bucket.delete("from-a-person")],
    }
"""


def upload(client: Client, path: str, content: bytes, **params: str) -> Any:
    """Sends bytes as they are."""
    full = f"{path}?{urllib.parse.urlencode(params)}"
    with client.open("PUT", full, content, {"Content-Type": "application/octet-stream"}) as answer:
        return json.loads(answer.read())


def content(client: Client, bucket: str, key: str) -> bytes:
    """Reads an object."""
    query = urllib.parse.urlencode({"key": key})
    with client.open("GET", f"/api/buckets/{bucket}/object/content?{query}") as answer:
        return answer.read()


def test_what_one_writes_another_reads(client: Client) -> None:
    bucket = client.call("POST", "/api/buckets", {"name": "reports"})["id"]
    archive = package(client, "report-archive", EXAMPLE)
    first = client.wait(trigger(client, archive, day="2026-03-01", amounts=["12.50", "7.50"]))
    assert first["state"] == "Succeeded", first["error"]
    assert first["outputs"] == {"key": "2026/03/01.csv", "new": True, "total": "20.00"}
    assert content(client, bucket, "2026/03/01.csv") == b"12.50\r\n7.50\r\n"
    # A person adds a day, and the next run counts it.
    upload(client, f"/api/buckets/{bucket}/object", b"30.00\r\n", key="2026/03/02.csv")
    again = client.wait(trigger(client, archive, day="2026-03-01", amounts=["1"]))
    assert again["outputs"] == {"key": "2026/03/01.csv", "new": False, "total": "50.00"}
    listed = client.call("GET", f"/api/buckets/{bucket}/objects?prefix=2026/")["items"]
    assert [found["key"] for found in listed] == ["2026/03/01.csv", "2026/03/02.csv"]
    assert [bool(found.get("executionId")) for found in listed] == [True, False]
    entries = client.call("GET", "/api/audit?action=object.put")["items"]
    assert {entry["actor"]["kind"] for entry in entries} == {"agent", "user"}


def test_contents_go_through_the_agent(client: Client, installation: Installation, tmp_path: Path) -> None:
    bucket = client.call("POST", "/api/buckets", {"name": "reports"})["id"]
    upload(client, f"/api/buckets/{bucket}/object", b"hello", key="from-a-person")
    secret = b"-----BEGIN-----hunter2-----END-----" * 10_000
    upload(client, "/api/assets/file", secret, name="certificate", fileName="client.pem")
    folder = tmp_path / "courier"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(MANIFEST, encoding="utf-8")
    (folder / "main.py").write_text(SOURCE, encoding="utf-8")
    ended = client.wait(trigger(client, package(client, "courier", folder), large=40), seconds=120)
    assert ended["state"] == "Succeeded", ended["error"]
    outputs = ended["outputs"]
    assert outputs["before"] == {"from-a-person": 5}
    assert outputs["same"]
    assert outputs["certificate"] == hashlib.sha256(secret).hexdigest()
    assert outputs["name"].endswith("-client.pem")
    assert (outputs["mode"], outputs["inside"]) == (0o600, True)
    assert "asset_path" in outputs["refused"]
    assert outputs["left"] == []
    assert outputs["deleted"] == [True, False]
    assert len(content(client, bucket, "large.bin")) == 40_000_000
    # Nothing of it stays on the agent.
    left = [path for path in installation.folder.rglob(".asset-*")]
    assert left == []
