"""Which run the calling code belongs to.

A process of its own has one run, seen by all its threads. Runs that share a process are told apart by a
context variable; a thread that such a run starts belongs to it only if it copies the context.
"""

from __future__ import annotations

import sys
from contextvars import ContextVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Protocol

    class Host(Protocol):
        """Who a run talks to: the agent's process, the embedding program or the desk."""

        def started(self) -> None:
            """The automation's first instruction is about to run."""

        def log(
            self,
            time: int,
            level: str,
            logger: str,
            source: str | None,
            message: str,
            stdout_bytes: int,
            stderr_bytes: int,
        ) -> None:
            """A record of ``logging``; ``time`` in microseconds since 1970."""

        def progress(self, fraction: float, message: str | None) -> None:
            """How far the run is."""

        def artifact(self, name: str, path: str, content_type: str | None) -> str | None:
            """Keeps a file; returns why not."""

        def secret(self, name: str) -> tuple[bool, str]:
            """Returns true and the value, or false and the reason."""

        def queue(self, call: str) -> tuple[bool, str]:
            """Works with a queue; returns true and the answer, or false and the refusal, as JSON."""

        def cancelled(self) -> bool:
            """Whether the run was asked to stop."""


class Run:
    """One run: its host, its inputs and the outputs so far."""

    def __init__(self, host: Host, inputs: Mapping[str, Any], package_dir: str) -> None:
        self.host = host
        self.inputs = inputs
        self.package_dir = package_dir
        self.outputs: dict[str, Any] = {}
        # Work items that are taken and not ended.
        self.items: list[Any] = []
        # The automation's modules follow it.
        self.last_module = next(reversed(sys.modules))

    def add_outputs(self, values: Mapping[str, Any]) -> None:
        """Adds all outputs or none."""
        from openautomate._convert import outputs

        self.outputs.update(outputs(values))


def readable(text: str) -> str:
    """The text without lone surrogates, which no other program can read."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


in_context: ContextVar[Run | None] = ContextVar("openautomate.run", default=None)
of_process: Run | None = None


def inside() -> Run | None:
    """The run of the calling code, if it is in one."""
    return in_context.get() or of_process


def current() -> Run:
    """The run of the calling code; outside an execution, the desk's."""
    run = inside()
    if run is None:
        from openautomate import _outside

        run = _outside.run()
    return run
