"""Work queues without a server: files of JSON lines in a folder.

The queue ``invoices`` is ``invoices.jsonl``: an item a line, as the import of the API takes them, with
``payload`` and, if wanted, ``reference``, ``priority``, ``dueAt``, ``deferUntil`` and ``files`` (names in the
folder). Nothing is removed from it, so each run begins anew. What became of each item is a line in
``invoices.results.jsonl``.
"""

from __future__ import annotations

import json
import os
import uuid

from openautomate._errors import QueueError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_taken: dict[str, set[int]] = {}
"""The numbers of the lines of each file that this run took."""

_at_hand: dict[str, tuple[str, int, dict[str, Any]]] = {}
"""Items that this run works on, by id: file, line, item."""


def ask(folder: str, call: dict[str, Any]) -> dict[str, Any]:
    """Does what a run wants of a queue."""
    folder = os.path.abspath(folder)
    kind = call["type"]
    if kind == "take":
        return {"item": _take(folder, call["queue"])}
    if kind == "put":
        return {"id": _put(folder, call["queue"], call["item"])}
    path, line, item = _at_hand[call["item"]]
    if kind == "release":
        _taken[path].discard(line)
    else:
        for child in call.get("children", ()):
            _put(folder, child["queue"], child["item"])
        result = {"reference": item.get("reference"), "payload": item.get("payload")}
        if kind == "complete":
            result |= {"state": "Successful", "output": call["output"]}
        else:
            business = call["error"]["kind"] == "business"
            result |= {"state": "BusinessFailed" if business else "Failed", "error": call["error"]}
        _append(path.removesuffix(".jsonl") + ".results.jsonl", result)
    del _at_hand[call["item"]]
    return {}


def _path(folder: str, queue: str) -> str:
    if not queue or queue != os.path.basename(queue) or queue.startswith("."):
        raise QueueError(f"the queue {queue!r} is no plain name, which a file needs", "invalid")
    return os.path.join(folder, queue + ".jsonl")


def _take(folder: str, queue: str) -> dict[str, Any] | None:
    path = _path(folder, queue)
    taken = _taken.setdefault(path, set())
    waiting = [(line, item) for line, item in _items(path) if line not in taken and _is_due(item)]
    if not waiting:
        return None
    line, item = min(
        waiting, key=lambda one: (-one[1].get("priority", 0), one[1].get("dueAt") or "~", one[0])
    )
    taken.add(line)
    number = str(uuid.uuid4())
    _at_hand[number] = (path, line, item)
    names = item.get("files", ())
    files = [{"name": name, "pointer": os.path.join(folder, name), "id": name} for name in names]
    return {
        "id": number,
        "epoch": 1,
        "queue": queue,
        "payload": item.get("payload"),
        "files": files,
        "reference": item.get("reference"),
        "priority": item.get("priority", 0),
        "dueAt": item.get("dueAt"),
        "attempt": 1,
        "maxAttempts": 1,
    }


def _items(path: str) -> list[tuple[int, dict[str, Any]]]:
    try:
        with open(path, encoding="utf-8") as file:
            lines = file.readlines()
    except OSError as error:
        message = f"there is no queue {os.path.basename(path)[:-6]} here: {error}"
        raise QueueError(message, "notFound") from None
    items = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            item = json.loads(line)
        except ValueError as error:
            raise QueueError(f"line {number} of {path} is no JSON: {error}", "invalid") from None
        if not isinstance(item, dict):
            raise QueueError(f"line {number} of {path} is no JSON object", "invalid")
        items.append((number, item))
    return items


def _is_due(item: dict[str, Any]) -> bool:
    if not item.get("deferUntil"):
        return True
    import datetime

    until = datetime.datetime.fromisoformat(item["deferUntil"].replace("Z", "+00:00"))
    return until.astimezone(datetime.timezone.utc) <= datetime.datetime.now(datetime.timezone.utc)


def _put(folder: str, queue: str, item: dict[str, Any]) -> str:
    os.makedirs(folder, exist_ok=True)
    _append(_path(folder, queue), item)
    return str(uuid.uuid4())


def _append(path: str, value: dict[str, Any]) -> None:
    with open(path, "a", encoding="utf-8") as file:
        file.write(json.dumps(value, ensure_ascii=False) + "\n")
