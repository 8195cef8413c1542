"""An installation that keeps its blobs in a bucket, on a real S3-compatible server (`.ci/s3` starts one)."""

from __future__ import annotations

import json
import os
import re
import subprocess
import urllib.request
import uuid
from pathlib import Path

import pytest
from installation import Installation
from test_evidence import artifacts, content
from test_main_job import made_package, trigger

LEAVES = """
    import openautomate

    def run(mebibytes: int) -> None:
        with open("large.bin", "wb") as file:
            for number in range(mebibytes):
                file.write(bytes([number % 251]) * 1024 * 1024)
        openautomate.artifact("large.bin")
"""


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> str:
    """A bucket of its own, which the server learns of from its environment."""
    endpoint = os.environ["OPENAUTOMATE_TEST_S3"]
    name = f"installation-{uuid.uuid4()}"
    made = urllib.request.Request(f"{endpoint}/{name}", method="PUT")
    urllib.request.urlopen(made, timeout=10).close()
    monkeypatch.setenv("OPENAUTOMATE_BLOBS", f"s3://{name}/blobs")
    monkeypatch.setenv("OPENAUTOMATE_BLOBS_ENDPOINT", endpoint)
    monkeypatch.setenv("OPENAUTOMATE_BLOBS_ALLOW_HTTP", "true")
    return f"{endpoint}/{name}"


def keys(bucket: str) -> list[str]:
    """What lies in the bucket."""
    with urllib.request.urlopen(f"{bucket}?list-type=2", timeout=10) as answer:
        return re.findall(r"<Key>([^<]+)</Key>", answer.read().decode())


def test_packages_and_artifacts_live_in_the_bucket(
    bucket: str, installation: Installation, tmp_path: Path
) -> None:
    client = installation.start_server()
    installation.start_agent(client)
    package = made_package(client, tmp_path, "leaves", LEAVES)
    execution = trigger(client, package, mebibytes=12)
    assert client.wait(execution)["state"] == "Succeeded"
    kept = artifacts(client, execution)["large.bin"]
    expected = b"".join(bytes([number]) * 1024 * 1024 for number in range(12))
    assert content(client, kept) == expected
    found = keys(bucket)
    for part in ("indexes", "chunks", "artifacts"):
        assert any(key.startswith(f"blobs/{part}/") for key in found), found
    assert not [key for key in found if "/probes/" in key]
    assert not list((installation.folder / "server").glob("blobs/**/*"))

    # What nothing refers to would go, in a while; what is in use would not.
    installation.stop()
    collected = subprocess.run(
        [str(installation.binaries / "openautomate-server"), "collect-blobs", "--dry-run", "--json"]
        + ["--data-dir", str(installation.folder / "server")],
        capture_output=True,
        text=True,
    )
    assert collected.returncode == 0, collected.stderr
    report = json.loads(collected.stdout)
    assert (report["retired"], report["removed"]) == (0, 0)
    assert report["listed"] == len(found)

    # A server that is started again has all of it.
    client = installation.start_server()
    assert content(client, kept) == expected
