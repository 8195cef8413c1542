"""The bridge to the agent in pure Python, where the native one can't be loaded.

It speaks the protocol of ``runner/python/protocol.rs``: a JSON object a line, both ways.
"""

from __future__ import annotations

import _signal
import _thread
import json
import os
import sys

from openautomate import _entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any

VERSION = 1
MAX_MESSAGE = 16 * 1024 * 1024
MAX_LOG = 64 * 1024


class Bridge:
    """The agent, as a run sees it."""

    def __init__(self, channel: str) -> None:
        kind, _, where = channel.partition(":")
        if kind == "fd":
            self.reading = self.writing = int(where)
            os.set_inheritable(self.reading, False)
        else:
            binary = getattr(os, "O_BINARY", 0) | getattr(os, "O_NOINHERIT", 0)
            self.reading = os.open(where + "-in", os.O_RDONLY | binary)
            self.writing = os.open(where + "-out", os.O_WRONLY | binary)
        self.main = _thread.get_ident()
        self.lock = _thread.allocate_lock()
        self.is_cancelled = False
        self.has_ended = False
        self.saw_cancel = False
        self.is_sending = False
        self.was_interrupted = False
        self.rest = bytearray()
        self.next_id = 0
        self.waiting: dict[int, tuple[_thread.LockType, list[dict[str, Any]]]] = {}

    def run(self, search_in: Callable[[str], None]) -> int:
        """Waits for the start, runs the automation, tells the end and returns the exit code."""
        _signal.signal(_signal.SIGINT, self._interrupted)
        version = ".".join(map(str, sys.version_info[:3]))
        self._send({"type": "ready", "version": VERSION, "python": version, "native": False})
        start = self._receive()
        if start is None or start.get("type") != "start":
            return 70
        _entry.leave_at_fork(self.reading, self.writing)
        _thread.start_new_thread(self._listen, ())
        search_in(start["packageDir"])
        end = _entry.execute(self, start["entrypoint"], start["packageDir"], start["inputs"], False)
        self.has_ended = True
        self._send(self._finished(end))
        return int(end["exit_code"]) & 0xFF

    def _finished(self, end: dict[str, Any]) -> dict[str, Any]:
        error = end["error"]
        if error is not None:
            frames = [{"file": f, "line": n, "function": u} for f, n, u in error["frames"]]
            error = {**error, "frames": frames}
        message = {
            "type": "finished",
            "succeeded": end["succeeded"],
            "outputs": end["outputs"],
            "error": error,
            "sawCancel": self.is_cancelled,
        }
        if len(_encoded(message)) > MAX_MESSAGE:
            end["exit_code"] = 1
            message["succeeded"], message["outputs"] = False, {}
            message["error"] = {
                "kind": "OutputError",
                "message": "the outputs have more than 16 MiB; keep large data as an artifact",
                "frames": [],
            }
        return message

    # --- what a run calls

    def started(self) -> None:
        """The automation's first instruction is about to run."""
        self._send({"type": "started"})

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
        """Sends a record."""
        self._send(
            {
                "type": "log",
                "time": time,
                "level": level,
                "logger": logger[:1000],
                "source": source,
                "message": message[: MAX_LOG + 1],
                "stdoutBytes": stdout_bytes,
                "stderrBytes": stderr_bytes,
            }
        )

    def progress(self, fraction: float, message: str | None) -> None:
        """Sends the progress."""
        text = None if message is None else message[:MAX_LOG]
        self._send({"type": "progress", "fraction": fraction, "message": text})

    def artifact(self, name: str, path: str, content_type: str | None) -> str | None:
        """Has the agent keep a file; returns why it did not."""
        answer = self._ask(
            {"type": "artifact", "name": name, "path": path, "contentType": content_type}
        )
        return None if answer["type"] == "artifactKept" else answer["message"]

    def secret(self, name: str) -> tuple[bool, str]:
        """Asks for a secret."""
        answer = self._ask({"type": "secret", "name": name})
        granted = answer["type"] == "secretValue"
        return granted, answer["value"] if granted else answer["message"]

    def queue(self, call: str) -> tuple[bool, str]:
        """Works with a queue."""
        answer = self._ask({"type": "queue", "call": json.loads(call)})
        if answer["type"] == "queueReply":
            return True, json.dumps(answer["reply"])
        return False, json.dumps({"kind": answer["kind"], "message": answer["message"]})

    def cancelled(self) -> bool:
        """Whether the agent asked the run to stop."""
        return self.is_cancelled

    # --- the channel

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        answered = _thread.allocate_lock()
        answered.acquire()
        answers: list[dict[str, Any]] = []
        with self.lock:
            self.next_id += 1
            number = self.next_id
            self.waiting[number] = (answered, answers)
        try:
            self._send({**question, "id": number})
            answered.acquire()
        finally:
            self.waiting.pop(number, None)
        return answers[0]

    def _send(self, message: dict[str, Any]) -> None:
        """Sends a whole message: an interrupt that comes meanwhile is raised afterwards."""
        data = memoryview(_encoded(message))
        is_main = _thread.get_ident() == self.main
        if is_main and self.is_sending:
            return  # logged by a signal handler of the automation, in the middle of a message
        self.is_sending = self.is_sending or is_main
        try:  # noqa: SIM105 - contextlib takes a while to import
            with self.lock:
                while data:
                    data = data[os.write(self.writing, data) :]
        except OSError:
            pass  # the agent is gone, and so is this process in a moment
        finally:
            if is_main:
                self.is_sending = False
        if is_main and self.was_interrupted:
            self.was_interrupted = False
            raise KeyboardInterrupt

    def _interrupted(self, number: int, frame: FrameType | None) -> None:
        if self.is_sending:
            self.was_interrupted = True
        else:
            raise KeyboardInterrupt

    def _receive(self) -> dict[str, Any] | None:
        while b"\n" not in self.rest:
            data = os.read(self.reading, 65536)
            if not data:
                return None
            self.rest += data
        line, _, rest = self.rest.partition(b"\n")
        self.rest = rest
        return json.loads(line)  # type: ignore[no-any-return]

    def _listen(self) -> None:
        """Takes what the agent sends, in a thread of its own, until the process ends."""
        while True:
            try:
                message = self._receive()
            except OSError:
                message = None
            if message is None:
                _end_without_agent()
                return
            if message["type"] == "cancel":
                self.is_cancelled = True
                if not self.has_ended:
                    _interrupt(self.main)
            elif message.get("id") in self.waiting:
                answered, answers = self.waiting[message["id"]]
                answers.append(message)
                answered.release()


def run(channel: str, search_in: Callable[[str], None]) -> int:
    """Runs one automation; returns the exit code of the process."""
    # The first use of the compiler costs a millisecond, better spent before the start arrives.
    compile("pass", "<warm>", "exec")
    return Bridge(channel).run(search_in)


def _encoded(message: dict[str, Any]) -> bytes:
    return json.dumps(message, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def _interrupt(main: int) -> None:
    """Raises KeyboardInterrupt in the main thread, out of a blocking call where that can be."""
    if hasattr(_signal, "pthread_kill"):
        _signal.pthread_kill(main, _signal.SIGINT)
    else:
        _thread.interrupt_main()


def _end_without_agent() -> None:
    """Nobody is left to kill what hangs, so everything of this run ends at once."""
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(0, _signal.SIGKILL)
    os._exit(70)
