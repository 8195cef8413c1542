"""Runs that share the process of the program that embeds them."""

from __future__ import annotations

import os
import sys

from openautomate import _entry, _state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


class Proxy:
    """Stands for ``sys.stdout`` or ``sys.stderr`` and gives what a run prints to that run."""

    def __init__(self, original: Any, name: str) -> None:
        self._original = original
        self._name = name

    def write(self, text: str) -> int:
        """Writes to the run of the calling code, or where the program itself writes."""
        run = _state.in_context.get()
        if run is None:
            return 0 if self._original is None else self._original.write(text)
        run.host.write(self._name, _state.readable(text))  # type: ignore[attr-defined]
        return len(text)

    def writelines(self, lines: Any) -> None:
        """Writes each of the texts."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """A run's lines are never held back."""
        if self._original is not None and _state.in_context.get() is None:
            self._original.flush()

    def close(self) -> None:
        """Does nothing: the stream is not the run's to close."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)


def install() -> None:
    """Puts the proxies and the log handler in place; once."""
    from openautomate import _logging

    if not isinstance(sys.stdout, Proxy):
        sys.stdout = Proxy(sys.stdout, "stdout")  # type: ignore[assignment]
    if not isinstance(sys.stderr, Proxy):
        sys.stderr = Proxy(sys.stderr, "stderr")  # type: ignore[assignment]
    _logging.install()


def execute(
    host: _state.Host, entrypoint: str, package_dir: str, inputs: Mapping[str, Any]
) -> dict[str, Any]:
    """Runs an automation to its end in a context of its own, with its package first to import from."""
    from contextvars import copy_context

    install()
    places = [place for place in (package_dir, os.path.join(package_dir, "src")) if os.path.isdir(place)]
    sys.path[:0] = places
    try:
        return copy_context().run(_entry.execute, host, entrypoint, package_dir, inputs, True)
    finally:
        for place in places:
            sys.path.remove(place)
        # Another package may have modules of the same names.
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            if isinstance(file, str) and file.startswith(package_dir + os.sep):
                del sys.modules[name]
