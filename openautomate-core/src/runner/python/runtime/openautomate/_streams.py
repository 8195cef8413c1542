"""Standard output of a process of its own: line buffered, and counted.

The count of bytes goes with every log record, so that the agent can put a record between the lines that
were printed before it and those printed after it, though they come through different pipes.
"""

from __future__ import annotations

import io
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class _Counted(io.FileIO):
    """A file descriptor that counts what is written to it.

    An interrupt that hits between the write and the count has the buffer write the same bytes again: a
    cancelled run may repeat a line.
    """

    total = 0

    def write(self, data: Any, /) -> int:
        """Writes and counts."""
        written = super().write(data)
        self.total += written or 0
        return written


_raw: list[_Counted] = []


def install() -> None:
    """Replaces ``sys.stdout`` and ``sys.stderr``; file descriptors 1 and 2 stay what they are."""
    sys.stdout = sys.__stdout__ = _text(1, "<stdout>", "surrogateescape")  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = _text(2, "<stderr>", "backslashreplace")  # type: ignore[misc]


def written() -> tuple[int, int]:
    """Flushes both streams and returns how many bytes this process wrote to them through ``sys``."""
    flush()
    if not _raw:
        return 0, 0
    return _raw[0].total, _raw[1].total


def flush() -> None:
    """Flushes both streams; closed or broken ones do not matter, whosever they are."""
    for stream in (sys.stdout, sys.stderr):
        try:  # noqa: SIM105 - contextlib takes a while to import
            stream.flush()
        except KeyboardInterrupt:
            raise
        except BaseException:
            pass


def _text(descriptor: int, name: str, errors: str) -> io.TextIOWrapper:
    raw = _Counted(descriptor, "wb", closefd=False)
    raw.name = name
    _raw.append(raw)
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding="utf-8", errors=errors, line_buffering=True)
