"""Robocorp's library ``robocorp-workitems`` on a work queue: the adapter that ``RC_WORKITEM_ADAPTER`` names.

Input items are taken from the queue that ``OPENAUTOMATE_QUEUE`` names. Output items are collected and added
to the queue that ``OPENAUTOMATE_OUTPUT_QUEUE`` names (without it, to the same) together with the completion
of their input: if the input fails, they are dropped. A payload that is saved to an input is its output.
"""

from __future__ import annotations

import os
import uuid

from robocorp.workitems._adapters import BaseAdapter
from robocorp.workitems._exceptions import EmptyQueue
from robocorp.workitems._types import State

from openautomate._queue import Queue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from openautomate._queue import WorkItem

QUEUE = "OPENAUTOMATE_QUEUE"
OUTPUT_QUEUE = "OPENAUTOMATE_OUTPUT_QUEUE"


class QueueAdapter(BaseAdapter):  # type: ignore[misc]
    """Work items of Robocorp's library are those of a queue."""

    def __init__(self) -> None:
        name = os.environ[QUEUE]
        self._queue = Queue(name)
        self._output_queue = os.environ.get(OUTPUT_QUEUE, name)
        self._inputs: dict[str, WorkItem] = {}
        self._outputs: dict[str, tuple[str, Any]] = {}

    def reserve_input(self) -> str:
        """Takes the next item."""
        item = self._queue.take()
        if item is None:
            raise EmptyQueue(f"the queue {self._queue.name} has no item to take")
        self._inputs[item.id] = item
        return item.id

    def release_input(self, item_id: str, state: State, exception: dict[str, Any] | None = None) -> None:
        """Completes an item with its outputs, or fails it and drops them."""
        item = self._inputs[item_id]
        outputs = [number for number, (parent, _) in self._outputs.items() if parent == item_id]
        payloads = [self._outputs.pop(number)[1] for number in outputs]
        if state == State.DONE:
            item.complete(
                children=[{"queue": self._output_queue, "payload": payload} for payload in payloads]
            )
            return
        told = exception or {}
        kind = getattr(told.get("type"), "value", told.get("type"))
        message = told.get("message") or "the work item was released as failed"
        item.fail(message, business=kind == "BUSINESS", code=told.get("code"))

    def create_output(self, parent_id: str, payload: Any = None) -> str:
        """Collects an output."""
        number = str(uuid.uuid4())
        self._outputs[number] = (parent_id, payload)
        return number

    def load_payload(self, item_id: str) -> Any:
        """The payload of an item."""
        item = self._inputs.get(item_id)
        return self._outputs[item_id][1] if item is None else item.payload

    def save_payload(self, item_id: str, payload: Any) -> None:
        """Keeps the payload of an output, or the output of an input."""
        item = self._inputs.get(item_id)
        if item is None:
            self._outputs[item_id] = (self._outputs[item_id][0], payload)
        else:
            item.output = payload

    def list_files(self, item_id: str) -> list[str]:
        """The names of an item's files."""
        item = self._inputs.get(item_id)
        return [] if item is None else list(item.files)

    def get_file(self, item_id: str, name: str) -> bytes:
        """The content of a file."""
        try:
            path = self._inputs[item_id].files[name]
        except KeyError:
            raise FileNotFoundError(f"the work item has no file {name}") from None
        with open(path, "rb") as file:
            return file.read()

    def add_file(self, item_id: str, name: str, content: bytes) -> None:
        """Not to be had: queues keep uploaded files only."""
        raise NotImplementedError(
            f"the file {name} can't be added to a work item of a queue; keep it by openautomate.artifact"
        )

    def remove_file(self, item_id: str, name: str) -> None:
        """Not to be had: the files of an item stay as they are."""
        raise NotImplementedError(f"the file {name} can't be removed from a work item of a queue")
