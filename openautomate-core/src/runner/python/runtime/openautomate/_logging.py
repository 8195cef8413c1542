"""Takes the records of ``logging`` to the run's host."""

from __future__ import annotations

import logging
import os

from openautomate import _state, _streams


class RunHandler(logging.Handler):
    """Sends every record to the run of the code that logged it."""

    def emit(self, record: logging.LogRecord) -> None:
        """Sends one record; a failure shows on stderr, as with any handler."""
        run = _state.inside()
        if run is None:
            _emit_outside(record)
            return
        try:
            message = _state.readable(self.format(record))
            stdout_bytes, stderr_bytes = _streams.written()
            run.host.log(
                int(record.created * 1e6),
                _level(record.levelno),
                _state.readable(record.name),
                _source(record, run.package_dir),
                message,
                stdout_bytes,
                stderr_bytes,
            )
        except RecursionError:
            raise
        except Exception:
            self.handleError(record)


class DeskHandler(logging.StreamHandler):  # type: ignore[type-arg]
    """Shows the automation's own records, unless the program set up logging itself."""

    def emit(self, record: logging.LogRecord) -> None:
        """Shows one record."""
        if not logging.getLogger().handlers:
            super().emit(record)


def install() -> None:
    """Puts the handler on the root logger and lets INFO pass; once."""
    root = logging.getLogger()
    if not any(isinstance(handler, RunHandler) for handler in root.handlers):
        root.addHandler(RunHandler())
    if root.level == logging.WARNING:
        root.setLevel(logging.INFO)


def logger() -> logging.Logger:
    """The logger ``openautomate``."""
    own = logging.getLogger("openautomate")
    if _state.inside() is None and not own.handlers:
        handler = DeskHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        own.addHandler(handler)
        if own.level == logging.NOTSET:
            own.setLevel(logging.INFO)
    return own


def _emit_outside(record: logging.LogRecord) -> None:
    """A record of the program that embeds runs, or of a process forked by one."""
    others = [h for h in logging.getLogger().handlers if not isinstance(h, RunHandler)]
    last = logging.lastResort
    if not others and last is not None and record.levelno >= last.level:
        last.handle(record)


def _level(number: int) -> str:
    if number >= logging.CRITICAL:
        return "critical"
    if number >= logging.ERROR:
        return "error"
    if number >= logging.WARNING:
        return "warning"
    return "info" if number >= logging.INFO else "debug"


def _source(record: logging.LogRecord, package_dir: str) -> str:
    path = record.pathname
    root = package_dir + os.sep
    path = path[len(root) :].replace(os.sep, "/") if path.startswith(root) else record.filename
    return f"{_state.readable(path)}:{record.lineno}"
