"""What an automation says to OpenAutomate, and what it may ask.

Every function works outside an execution too (``python main.py`` at the desk): inputs come from the
JSON file that ``OPENAUTOMATE_INPUTS`` names, secrets from ``OPENAUTOMATE_SECRET_<NAME>``, work items and
buckets from the folders that ``OPENAUTOMATE_QUEUES`` and ``OPENAUTOMATE_BUCKETS`` name, and the rest is
shown on stderr.

An entry function gets its inputs as its annotations say: dates, enums, dataclasses, and a ``Secret`` for the
name of an asset. ``log`` is a ``logging.Logger``; any other logger arrives just the same, from level INFO.
"""

from __future__ import annotations

import os
import sys

from openautomate import _state
from openautomate._errors import (
    ApprovalError,
    ApprovalRejected,
    ArtifactError,
    BucketError,
    BusinessError,
    ChildError,
    ChildFailed,
    EntrypointError,
    Error,
    InputError,
    OutputError,
    QueueError,
    SecretError,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping, Sequence
    from typing import Any, overload

    from openautomate._bucket import Bucket
    from openautomate._call import Approval, Child
    from openautomate._queue import Queue, WorkItem
    from openautomate._secret import Credential, Secret

    log: logging.Logger
    """The automation's own logger."""

    @overload
    def output(name: str, value: Any, /) -> None: ...
    @overload
    def output(values: Mapping[str, Any], /) -> None: ...
    @overload
    def output(**values: Any) -> None: ...


__all__ = [
    "ApprovalError",
    "ApprovalRejected",
    "ArtifactError",
    "Bucket",
    "BucketError",
    "BusinessError",
    "ChildError",
    "ChildFailed",
    "Credential",
    "EntrypointError",
    "Error",
    "InputError",
    "OutputError",
    "Queue",
    "QueueError",
    "Secret",
    "SecretError",
    "WorkItem",
    "approval",
    "artifact",
    "asset_path",
    "bucket",
    "cancelled",
    "credential",
    "inputs",
    "log",
    "output",
    "progress",
    "queue",
    "run",
    "screenshot",
    "secret",
    "start",
]


def inputs() -> dict[str, Any]:
    """Returns the inputs of the execution by name; the caller may change the copy.

    Raises:
        InputError: Outside an execution, the file of ``OPENAUTOMATE_INPUTS`` can't be read.
    """
    return dict(_state.current().inputs)


def output(*positional: Any, **values: Any) -> None:  # type: ignore[misc]
    """Sets outputs: ``output("total", 3)``, ``output({"total": 3})`` or ``output(total=3)``.

    A later value replaces an earlier one; what the entry function returns is added last. Values are
    text, numbers, booleans, ``None``, lists and dicts. Dates and times become ISO 8601 text, a
    ``timedelta`` its seconds, ``Decimal``, ``UUID`` and paths text, tuples and sets lists, enums
    their value, dataclasses dicts, NumPy values Python's.

    Raises:
        OutputError: A value is of another kind; nothing is set.
    """
    if len(positional) == 2 and isinstance(positional[0], str) and not values:
        values = {positional[0]: positional[1]}
    elif len(positional) == 1 and hasattr(positional[0], "keys"):
        values = {**dict(positional[0]), **values}
    elif positional:
        raise TypeError("output takes a name and a value, a mapping, or keywords")
    _state.current().add_outputs(values)


def progress(fraction: float, message: str | None = None) -> None:
    """Tells how far the run is, from 0 to 1, and what it does; values beyond are cut.

    Raises:
        ValueError: ``fraction`` is not a number.
    """
    number = float(fraction)
    if number != number:
        raise ValueError("the progress is not a number; give a value from 0 to 1")
    text = None if message is None else _state.readable(str(message))
    _state.current().host.progress(min(1.0, max(0.0, number)), text)


def artifact(
    path: str | os.PathLike[str], name: str | None = None, content_type: str | None = None
) -> None:
    """Keeps a file with the execution; when this returns, the file may change or vanish.

    Args:
        path: The file; a relative path starts at the working directory.
        name: The name to keep it under; without one, the file's own.
        content_type: The media type, as in ``text/csv``.

    Raises:
        ArtifactError: There is no such file, or the agent refused to keep it.
    """
    full = os.path.abspath(os.fspath(path))
    if not os.path.isfile(full):
        raise ArtifactError(f"there is no file {full}; write it before it is kept")
    kept = _state.readable(os.path.basename(full) if name is None else str(name))
    refusal = _state.current().host.artifact(kept, full, content_type)
    if refusal is not None:
        raise ArtifactError(refusal)


def screenshot(source: Any = None, name: str | None = None) -> str:
    """Keeps a picture with the execution; returns the artifact's name.

    Args:
        source: A page of Playwright (its synchronous API), a driver of Selenium, or ``None`` for the
            desktop, which takes ``mss`` or ``pillow`` in the environment.
        name: The name to keep it under, as in ``login.png``; without one, ``screenshot-1.png`` and so on.

    Raises:
        ArtifactError: There is no picture to be had, or the agent refused to keep it.
    """
    from openautomate import _evidence

    return _evidence.screenshot(source, name)


def secret(name: str) -> str:
    """Returns the value of a secret asset; the agent masks it in everything the run says afterwards.

    Raises:
        SecretError: There is no such asset, or this execution may not read it.
    """
    granted, text = _state.current().host.secret(_state.readable(str(name)))
    if not granted:
        raise SecretError(text)
    # The log of robocorp-tasks is a file of its own, with the values of variables.
    hide = getattr(sys.modules.get("robocorp.log"), "hide_from_output", None)
    if hide is not None:
        hide(text)
    return text


def credential(name: str) -> Credential:
    """Returns the user name and the password of an asset that is a credential; the agent masks both.

    Raises:
        SecretError: There is no such asset, this execution may not read it, or it is no credential.
    """
    import json

    from openautomate._secret import Credential

    try:
        held = json.loads(secret(name))
        return Credential(held["username"], held["password"])
    except (ValueError, TypeError, KeyError):
        raise SecretError(f"the asset {name} is no credential; read it with secret()") from None


def asset_path(name: str) -> str:
    """Returns the path of an asset that is a file, as a certificate or a key store.

    Outside an agent it is what ``OPENAUTOMATE_FILE_<NAME>`` says. On an agent it is a file of this run's own,
    which nobody but the agent's user may read and which goes with the run. What stands in it is **not**
    masked in logs.

    Raises:
        SecretError: There is no such asset, this execution may not read it, or it is no file.
    """
    from openautomate import _bucket

    return _bucket.asset_path(name)


def bucket(name: str) -> Bucket:
    """Opens a storage bucket of the execution's environment.

    Outside an agent, a bucket is a folder in the folder that ``OPENAUTOMATE_BUCKETS`` names.
    """
    from openautomate import _bucket

    return _bucket.Bucket(name)


def queue(name: str, *, stop_on_error: bool = False) -> Queue:
    """Opens a work queue of the execution's environment; iterate over it to take its items.

    Outside an agent, a queue is a file of JSON lines in the folder that ``OPENAUTOMATE_QUEUES`` names.

    Args:
        name: The queue's name.
        stop_on_error: Whether ``with item:`` and ``each`` let exceptions other than ``BusinessError`` end the
            loop; without it the loop goes on with the next item.
    """
    from openautomate import _queue

    return _queue.Queue(name, stop_on_error)


def run(package: str, inputs: Mapping[str, Any] | None = None, wait: bool = True) -> Any:
    """Runs another package of the same environment; returns its outputs.

    It is what is active there at this moment. Each call makes one execution, also if the agent has to
    repeat it; a new attempt after a failure makes new ones, and one that goes on after an approval finds
    those of before. A cancel of this execution is passed on. Do not give secrets as inputs, they are
    masked; give the name of the asset.

    Args:
        package: Its name.
        inputs: Its inputs by name.
        wait: Whether to wait for its end. The slot of this run is lent to others meanwhile. Otherwise this
            returns at once, with a child whose ``wait()`` does that and that has an ``execution_id``.

    Raises:
        ChildFailed: It failed, ran out of time or was cancelled.
        ChildError: It can't be started: no such package is active, the inputs do not fit, or too many
            executions stand before this one.
    """
    child = start(package, inputs)
    return child.wait() if wait else child


def start(package: str, inputs: Mapping[str, Any] | None = None) -> Child:
    """Starts another package of the same environment and goes on; otherwise as ``run``."""
    from openautomate import _call

    return _call.start(package, inputs)


def approval(
    question: str,
    data: Any = None,
    *,
    key: str | None = None,
    approvers: Sequence[str] = (),
    role: str | None = None,
    expires_in: float | None = None,
    default: str = "reject",
) -> Approval:
    """Asks people, and returns if the answer is yes.

    Until there is an answer the run takes no slot: it **ends here**, and **begins anew** as another attempt
    once somebody has answered. Then this call returns at once. So whatever stands before it runs again: put
    it where that does no harm, or behind the question.

    Questions are told apart by ``key``, or else by the order in which they are asked, and each is asked
    once in an execution. Asked with another text or other data under the same key, it is refused: a yes to
    12,000 is none to 15,000. Do not catch ``BaseException`` around it.

    Args:
        question: What is asked, as in ``"pay 12,000 EUR?"``.
        data: What whoever answers has to know; it may be whatever an output may be.
        key: The name of the question in this execution.
        approvers: The user names of the only people who may answer.
        role: The role that whoever answers must have, as in ``"Operator"``.
        expires_in: After how many seconds ``default`` is taken for the answer; without, never.
        default: ``"approve"`` or ``"reject"``.

    Raises:
        ApprovalRejected: The answer is no.
        ApprovalError: Nobody can be asked.
    """
    from openautomate import _call

    return _call.approval(question, data, key, approvers, role, expires_in, default)


def cancelled() -> bool:
    """Returns whether the run was asked to stop; it is killed when its grace period is over."""
    return _state.current().host.cancelled()


def __getattr__(name: str) -> object:
    if name in ("Credential", "Secret"):
        from openautomate import _secret

        return globals().setdefault(name, getattr(_secret, name))
    if name == "Bucket":
        from openautomate import _bucket

        return globals().setdefault(name, _bucket.Bucket)
    if name in ("Queue", "WorkItem"):
        from openautomate import _queue

        return globals().setdefault(name, getattr(_queue, name))
    if name != "log":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # Loaded on demand: logging takes longer to import than Python to start. It comes first, since the hook on
    # its import loads our half, which must not find itself half loaded.
    import logging  # noqa: F401

    from openautomate import _logging

    globals()["log"] = _logging.logger()
    return globals()["log"]
