"""Work queues: items taken one by one, and what becomes of each."""

from __future__ import annotations

import json
import os

from openautomate import _state
from openautomate._errors import BusinessError, OutputError, QueueError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime, timedelta
    from types import TracebackType
    from typing import Any

    When = datetime | timedelta | str | None

FOLDER = "OPENAUTOMATE_QUEUES"
"""Names the folder of the queues where there is no server."""

MAX_MESSAGE = 4_000


class Queue:
    """A work queue in the environment of the execution.

    Iterating takes the items that are there, one by one, and ends when there is none left. An item is
    completed when the next one is asked for, unless the body ended it itself::

        for item in openautomate.queue("invoices"):
            item.output = pay(item.payload)

    An exception that leaves the loop ends the run, and fails the item: ``BusinessError`` for good, any other
    as the queue says. To go on with the next item instead, put the work under ``with item:`` or use
    ``each``. Whoever leaves the loop by ``break`` or ``return`` ends the item first; what is left open when
    the run ends is given back, and counts as an attempt.
    """

    __module__ = "openautomate"

    def __init__(self, name: str, stop_on_error: bool = False) -> None:
        self.name = _state.readable(str(name))
        self.stop_on_error = stop_on_error

    def __repr__(self) -> str:
        return f"<queue {self.name}>"

    def __iter__(self) -> Iterator[WorkItem]:
        while True:
            item = self.take()
            if item is None:
                return
            yield item
            if not item.ended:
                item.complete()

    def take(self) -> WorkItem | None:
        """Takes the next item; returns ``None`` if there is nothing to do at the moment.

        Raises:
            QueueError: There is no such queue, or the server can't be asked.
        """
        run = _state.current()
        holding = [item.id for item in run.items]
        told = _ask(run, {"type": "take", "queue": self.name, "holding": holding})["item"]
        if told is None:
            return None
        item = WorkItem(run, told, self.stop_on_error)
        run.items.append(item)
        return item

    def each(self, work: Callable[[WorkItem], Any]) -> int:
        """Calls ``work`` with each item that is there; what it returns is the output, unless that was set.

        Goes on after a ``BusinessError``, and after any other exception too unless the queue was opened
        with ``stop_on_error``; both are logged. Returns how many items were completed.
        """
        completed = 0
        for item in self:
            with item:
                result = work(item)
                if not item.ended:
                    item.complete(*(() if result is None else (result,)))
                completed += 1
        return completed

    def put(
        self,
        payload: Any = None,
        *,
        reference: str | None = None,
        priority: int = 0,
        due: When = None,
        defer: When = None,
        files: Iterable[str] = (),
    ) -> str:
        """Adds an item; returns its id.

        Args:
            payload: What is to be done, as outputs may be.
            reference: What people know it by.
            priority: Higher goes first.
            due: Until when it should be done: a time, a span from now on, or ISO 8601 text.
            defer: Not before then.
            files: Ids of files of an item at hand, as in ``item.file_ids``.

        Raises:
            QueueError: There is no such queue, it does not take the payload, or the reference is taken
                (``error.kind == "conflict"``).
            OutputError: JSON can't say the payload.
        """
        item = _new_item(payload, reference, priority, due, defer, files)
        call = {"type": "put", "queue": self.name, "item": item}
        return str(_ask(_state.current(), call)["id"])


class WorkItem:
    """An item that this run works on.

    As a context manager it is completed at the end, and failed by an exception, which is logged and does not
    get further: the loop goes on with the next item. With ``stop_on_error``, only ``BusinessError`` is held
    back.
    """

    __module__ = "openautomate"

    def __init__(self, run: _state.Run, told: Mapping[str, Any], stop_on_error: bool) -> None:
        self._run = run
        self._stop_on_error = stop_on_error
        self._epoch = told["epoch"]
        self.id: str = told["id"]
        """The id."""
        self.queue: str = told["queue"]
        """The name of its queue."""
        self.payload: Any = told["payload"]
        """What is to be done."""
        self.reference: str | None = told["reference"]
        """What people know it by."""
        self.priority: int = told["priority"]
        """Higher goes first."""
        self.attempt: int = told["attempt"]
        """The how-manieth attempt this is, from 1."""
        self.max_attempts: int = told["maxAttempts"]
        """How many there are at most."""
        self.files: dict[str, str] = {file["name"]: file["pointer"] for file in told["files"]}
        """The paths of its files by their names."""
        self.file_ids: dict[str, str] = {file["name"]: file["id"] for file in told["files"]}
        """The ids of its files by their names, to hand them on."""
        self.output: Any = None
        """What comes of it; kept when it is completed."""
        self.ended = False
        """Whether it was completed, failed or released."""
        self._due = told["dueAt"]

    @property
    def due(self) -> datetime | None:
        """Until when it should be done."""
        from datetime import datetime

        return None if self._due is None else datetime.fromisoformat(self._due.replace("Z", "+00:00"))

    def __repr__(self) -> str:
        return f"<work item {self.reference or self.id} of {self.queue}>"

    def complete(self, output: Any = None, *, children: Iterable[Mapping[str, Any]] = ()) -> None:
        """Ends the item well: its state, its output and the new items are there together, or nothing is.

        Args:
            output: What came of it; without one, ``item.output``.
            children: Items that are added with it. Each is a mapping with ``queue`` (a name) and what
                ``Queue.put`` takes: ``payload``, ``reference``, ``priority``, ``due``, ``defer``, ``files``.

        Raises:
            QueueError: The item is not this run's any more, or a child is refused; nothing is changed.
        """
        value = _json(self.output if output is None else output)
        added = [_child(child) for child in children]
        self._end({"type": "complete", "output": value, "children": added})

    def fail(self, message: object, *, business: bool = False, code: str | None = None) -> None:
        """Ends the attempt with an error.

        Args:
            message: What happened; of an exception, its text.
            business: Whether the item itself is wrong, so that trying again would not help.
            code: A word of your own, as in ``INVALID_IBAN``.
        """
        text = _state.readable(str(message))[:MAX_MESSAGE] or type(message).__name__
        error = {"kind": "business" if business else "application", "message": text}
        if code is not None:
            error["code"] = _state.readable(str(code))[:200]
        self._end({"type": "fail", "error": error})

    def release(self) -> None:
        """Gives the item back untouched: somebody else may take it, and no attempt is counted."""
        self._end({"type": "release"})

    def __enter__(self) -> WorkItem:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> bool:
        if error is None:
            if not self.ended:
                self.complete()
            return False
        if not isinstance(error, Exception):
            return False  # asked to stop: the end of the run gives it back
        if self.ended:
            return False  # what is known of the item stands; the error is another matter
        self.fail_by(error)
        import openautomate

        name = self.reference or self.id
        if isinstance(error, BusinessError):
            openautomate.log.warning("item %s of %s: %s", name, self.queue, error)
            return True
        if self._stop_on_error:
            return False
        openautomate.log.error("item %s of %s failed", name, self.queue, exc_info=error)
        return True

    def fail_by(self, error: BaseException) -> None:
        """Fails it with an exception: by its kind, its text and its ``code``."""
        business = isinstance(error, BusinessError)
        text = str(error)
        message = text if business and text else f"{type(error).__name__}: {text}".rstrip(": ")
        code = getattr(error, "code", None)
        self.fail(message, business=business, code=code if isinstance(code, str) else None)

    def _end(self, call: dict[str, Any]) -> None:
        if self.ended:
            raise QueueError(f"{self!r} is ended already; end it once", "conflict")
        _ask(self._run, {**call, "item": self.id, "epoch": self._epoch})
        self.ended = True
        self._run.items.remove(self)


def fail_open(run: _state.Run, error: BaseException) -> None:
    """The run failed: what it had at hand failed with it."""
    if not isinstance(error, (Exception, SystemExit)):
        return
    for item in list(run.items):
        try:
            item.fail_by(error)
        except QueueError:
            return  # the server gives it back when it hears of the end


def _child(child: Mapping[str, Any]) -> dict[str, Any]:
    known = {"queue", "payload", "reference", "priority", "due", "defer", "files"}
    unknown = set(child) - known
    if unknown or "queue" not in child:
        wrong = f"has {', '.join(sorted(unknown))}" if unknown else "names no queue"
        raise TypeError(f"a child {wrong}; it takes {', '.join(sorted(known))}")
    item = _new_item(
        child.get("payload"),
        child.get("reference"),
        child.get("priority", 0),
        child.get("due"),
        child.get("defer"),
        child.get("files", ()),
    )
    return {"queue": str(child["queue"]), "item": item}


def _new_item(
    payload: Any, reference: str | None, priority: int, due: When, defer: When, files: Iterable[str]
) -> dict[str, Any]:
    item: dict[str, Any] = {"payload": _json(payload), "priority": int(priority)}
    if reference is not None:
        item["reference"] = _state.readable(str(reference))
    for name, when in (("dueAt", due), ("deferUntil", defer)):
        if when is not None:
            item[name] = _instant(when)
    listed = [str(file) for file in files]
    if listed:
        item["files"] = listed
    return item


def _json(value: Any) -> Any:
    from openautomate._convert import outputs

    try:
        return outputs({"payload": value})["payload"]
    except OutputError as error:
        raise OutputError(str(error).replace("the output payload", "the payload", 1)) from None


def _instant(when: Any) -> str:
    import datetime

    if isinstance(when, str):
        when = datetime.datetime.fromisoformat(when.replace("Z", "+00:00"))
    if isinstance(when, datetime.timedelta):
        when = datetime.datetime.now(datetime.timezone.utc) + when
    if not isinstance(when, datetime.datetime):
        raise TypeError("a time is a datetime, a timedelta from now on, or ISO 8601 text")
    # A time without a zone is one of this machine.
    return str(when.astimezone(datetime.timezone.utc).isoformat())


def _ask(run: _state.Run, call: dict[str, Any]) -> dict[str, Any]:
    if FOLDER in os.environ:
        from openautomate import _queue_file

        return _queue_file.ask(os.environ[FOLDER], call)
    granted, text = run.host.queue(json.dumps(call, ensure_ascii=False))
    told = json.loads(text)
    if granted:
        return told  # type: ignore[no-any-return]
    raise QueueError(told["message"], told["kind"])
