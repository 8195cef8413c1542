"""What a run has done by the orchestrator: other executions, and questions to people."""

from __future__ import annotations

import json

from openautomate import _state
from openautomate._errors import ApprovalError, ApprovalRejected, ChildError, ChildFailed, Error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any


class Suspended(BaseException):
    """Unwinds a run that waits for an answer. No failure: the run goes on as a new attempt."""


class Child:
    """Another execution that this one started."""

    def __init__(self, execution_id: str) -> None:
        self.execution_id = execution_id
        """Its id."""

    def wait(self) -> dict[str, Any]:
        """Waits until it has ended; returns its outputs.

        The slot of this run is lent to others meanwhile.

        Raises:
            ChildFailed: It failed, ran out of time or was cancelled.
            ChildError: It can't be waited for.
        """
        answer = _call({"kind": "awaitChild", "execution": self.execution_id}, ChildError)
        if answer["kind"] != "ended":
            raise ChildError(f"the orchestrator gave an answer that is none: {answer['kind']}")
        outputs = answer.get("outputs") or {}
        if answer["state"] == "Succeeded":
            return outputs  # type: ignore[no-any-return]
        error = answer.get("error") or {}
        raise ChildFailed(
            self.execution_id, answer["state"], error.get("kind", ""), error.get("message", ""), outputs
        )

    def __repr__(self) -> str:
        return f"Child({self.execution_id!r})"


class Approval:
    """A yes.

    Attributes:
        comment: What whoever answered said of it.
        answered_by: Their user name; ``None`` if the time was over and yes is the default.
    """

    def __init__(self, comment: str, answered_by: str | None) -> None:
        self.comment = comment
        self.answered_by = answered_by

    def __repr__(self) -> str:
        return f"Approval(comment={self.comment!r}, answered_by={self.answered_by!r})"


def start(package: str, inputs: Mapping[str, Any] | None) -> Child:
    """Starts another execution."""
    from openautomate._convert import outputs

    run = _state.current()
    run.calls += 1
    plain = outputs(dict(inputs or {}))
    call = {"kind": "startChild", "call": run.calls, "package": str(package), "inputs": plain}
    return Child(_call(call, ChildError)["execution"])


def approval(
    question: str,
    data: Any,
    key: str | None,
    approvers: Sequence[str],
    role: str | None,
    expires_in: float | None,
    default: str,
) -> Approval:
    """Asks people."""
    from openautomate._convert import outputs

    if default not in ("approve", "reject"):
        raise ValueError("the default is neither 'approve' nor 'reject'")
    if isinstance(approvers, str):
        raise TypeError("approvers is one text; give a list of names")
    run = _state.current()
    run.approvals += 1
    call = {
        "kind": "approval",
        "key": f"#{run.approvals}" if key is None else str(key),
        "question": str(question),
        "data": outputs({"data": data})["data"],
        "approvers": [str(name) for name in approvers],
        "role": role,
        "expiresIn": None if expires_in is None else max(1, round(expires_in)),
        "defaultApprove": default == "approve",
    }
    answer = _call(call, ApprovalError)
    if answer["kind"] == "waiting":
        run.suspended = True
        raise Suspended
    if not answer["approved"]:
        raise ApprovalRejected(str(question), answer["comment"], answer.get("answeredBy"))
    return Approval(answer["comment"], answer.get("answeredBy"))


def _call(call: dict[str, Any], refusal: type[Error]) -> dict[str, Any]:
    run = _state.current()
    if run.suspended:
        # Whoever caught it gets no further.
        raise Suspended
    done, text = run.host.call(_state.readable(json.dumps(call, ensure_ascii=False)))
    if not done:
        raise refusal(text)
    answer = json.loads(text)
    if answer["kind"] == "refused":
        raise refusal(answer["message"])
    return answer  # type: ignore[no-any-return]
