"""Puts the automation on the path and stands in for the module that a running execution has."""

import logging
import shutil
import sys
import types
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "sample"
sys.path.insert(0, str(ROOT))


@dataclass
class Recorder:
    """Records what an automation tells OpenAutomate; a kept file is copied, as the real one is."""

    store: Path
    steps: list[tuple[float, str]] = field(default_factory=list)
    artifacts: dict[str, str | None] = field(default_factory=dict)
    cancel_after: int | None = None
    asked: int = 0

    def progress(self, fraction: float, message: str = "") -> None:
        """Records a step."""
        self.steps.append((fraction, message))

    def artifact(self, path: str, name: str | None = None, content_type: str | None = None) -> None:
        """Keeps a file."""
        kept = name or Path(path).name
        shutil.copyfile(path, self.store / kept)
        self.artifacts[kept] = content_type

    def cancelled(self) -> bool:
        """Answers yes once it was asked more often than ``cancel_after``."""
        self.asked += 1
        return self.cancel_after is not None and self.asked > self.cancel_after


@pytest.fixture
def execution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """Makes ``import openautomate`` work, in an empty working folder."""
    store, work = tmp_path / "kept", tmp_path / "work"
    store.mkdir()
    work.mkdir()
    monkeypatch.chdir(work)
    recorder = Recorder(store)
    module = types.ModuleType("openautomate")
    module.__dict__.update(
        log=logging.getLogger("openautomate"),
        progress=recorder.progress,
        artifact=recorder.artifact,
        cancelled=recorder.cancelled,
    )
    monkeypatch.setitem(sys.modules, "openautomate", module)
    monkeypatch.delitem(sys.modules, "invoices.main", raising=False)
    return recorder
