"""One installation for a test module, in a folder of its own, with the binaries under test."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from client import Client  # noqa: E402
from installation import ROOT, Installation  # noqa: E402

BINARIES = Path(os.environ.get("OPENAUTOMATE_BINARIES", ROOT / "target" / "debug"))


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    """Short leases, so that a lost agent is noticed within seconds."""
    made = Installation(tmp_path / "data", BINARIES, Path(sys.executable), lease_ttl=8)
    yield made
    made.stop()


@pytest.fixture
def client(installation: Installation) -> Client:
    """Server and agent are up."""
    client = installation.start_server()
    installation.start_agent(client)
    return client
