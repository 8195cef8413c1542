"""The corpus of hostile automations in `examples/hostile`: what each is, how it ends, and what it leaves."""

from __future__ import annotations

import ast
import ctypes
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from installation import ROOT

CORPUS = ROOT / "examples" / "hostile"
MANIFEST = """\
[project]
name = "{name}"
version = "1.0.0"

[tool.openautomate]
entrypoint = "{name}:run"
timeout = "{timeout}"
grace = "1s"
isolation = "{isolation}"

[tool.openautomate.limits]
memory = "512M"
processes = 64
open-files = 256
disk = "64M"
log = "5M"
"""
_SUBREAPER = 36


@dataclass(frozen=True)
class Hostile:
    """One of them, as its docstring tells."""

    path: Path
    what: str
    ends: str
    timeout: str
    isolation: str

    @property
    def name(self) -> str:
        """The module."""
        return self.path.stem

    def ends_as(self, state: str, kind: str) -> bool:
        """Whether this is one of the ends that are told: ``Failed, ExitCode or Signal, or TimedOut``."""
        for end in self.ends.split(", or "):
            told, _, kinds = end.partition(", ")
            if told == state and (not kinds or kind in kinds.split(" or ")):
                return True
        return False

    def manifest(self, timeout: str | None = None) -> str:
        """Its ``pyproject.toml``."""
        return MANIFEST.format(name=self.name, timeout=timeout or self.timeout, isolation=self.isolation)


def corpus() -> list[Hostile]:
    """All of them, by name."""
    found = []
    for path in sorted(CORPUS.glob("*.py")):
        text = ast.get_docstring(ast.parse(path.read_text())) or ""
        what, _, rest = text.partition("\n\n")
        told = dict(line.split(": ", 1) for line in rest.splitlines())
        # What is not meant to run out of time has enough of it on a busy machine.
        usual = "2s" if "TimedOut" in told["Ends as"] else "20s"
        found.append(
            Hostile(path, what, told["Ends as"], told.get("Timeout", usual), told.get("Isolation", "L1"))
        )
    return found


def table() -> str:
    """The corpus as a table in Markdown."""
    rows = [f"| [{one.name}]({one.path.name}) | {one.what} | {one.ends} |" for one in corpus()]
    return "\n".join(["| automation | what it does | how it ends |", "|---|---|---|", *rows])


def adopt_orphans() -> None:
    """Has what loses its parent become this process's own: then nothing escapes the eyes of a test."""
    if ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError("this process can't become a subreaper")


@dataclass(frozen=True)
class Seen:
    """A process as ``/proc`` shows it."""

    pid: int
    parent: int
    session: int
    arguments: list[bytes]
    environment: list[bytes]

    def is_ours(self) -> bool:
        """Whether it is a zygote, or waits for a run as one should."""
        if not any(argument.endswith(b"_runner.py") for argument in self.arguments):
            return False
        waits = any(entry.startswith(b"OPENAUTOMATE_LEASE=idle-") for entry in self.environment)
        return waits and self.session == self.pid


def _processes() -> Iterator[Seen]:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, parent, _, session = (folder / "stat").read_text().rsplit(")", 1)[1].split()[:4]
            arguments = (folder / "cmdline").read_bytes().split(b"\0")
            environment = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if state not in "ZX":
            yield Seen(int(folder.name), int(parent), int(session), arguments, environment)


def strays(known: set[int]) -> list[Seen]:
    """What descends from this process, but for those that are known and what the agent keeps waiting."""
    everything = list(_processes())
    family = {os.getpid()}
    grows = True
    while grows:
        new = {one.pid for one in everything if one.parent in family} - family
        family |= new
        grows = bool(new)
    found = [one for one in everything if one.pid in family - known - {os.getpid()}]
    return [one for one in found if not one.is_ours()]


def reap() -> None:
    """Takes leave of the dead that became this process's own."""
    for one in Path("/proc").glob("[0-9]*"):
        try:
            state, parent = (one / "stat").read_text().rsplit(")", 1)[1].split()[:2]
            if state == "Z" and int(parent) == os.getpid():
                os.waitpid(int(one.name), os.WNOHANG)
        except (OSError, ChildProcessError):
            continue
