"""The exceptions; all derive from ``Error``."""

from __future__ import annotations


class Error(Exception):
    """Any failure that this package reports."""

    __module__ = "openautomate"


class EntrypointError(Error):
    """The package has no such module, function or script."""

    __module__ = "openautomate"


class InputError(Error):
    """The inputs do not fit the entry function, or can't be read."""

    __module__ = "openautomate"


class OutputError(Error):
    """A value can't be an output."""

    __module__ = "openautomate"


class ArtifactError(Error):
    """A file was not kept."""

    __module__ = "openautomate"


class SecretError(Error):
    """A secret was refused."""

    __module__ = "openautomate"


class QueueError(Error):
    """A work queue refused something.

    ``kind`` tells why: ``notFound``, ``conflict`` (a reference is taken), ``invalid``, ``staleLease`` (the
    item is not this run's any more), ``unavailable`` and so on.
    """

    __module__ = "openautomate"

    def __init__(self, message: str, kind: str = "invalid") -> None:
        super().__init__(message)
        self.kind = kind


class BucketError(Error):
    """A storage bucket refused something.

    ``kind`` tells why: ``notFound``, ``conflict`` (what is there forbids it), ``quotaExceeded``, ``invalid``,
    ``unavailable`` and so on.
    """

    __module__ = "openautomate"

    def __init__(self, message: str, kind: str = "invalid") -> None:
        super().__init__(message)
        self.kind = kind


class BusinessError(Error):
    """The item itself is wrong, so that trying again would not help; raise it from your own code.

    ``code`` is a word of your own, as in ``INVALID_IBAN``.
    """

    __module__ = "openautomate"

    def __init__(self, message: str = "", code: str | None = None) -> None:
        super().__init__(message)
        self.code = code


class ChildError(Error):
    """Another execution could not be started, or not be waited for."""

    __module__ = "openautomate"


class ChildFailed(ChildError):
    """An execution that this one waited for did not succeed.

    Attributes:
        execution_id: Its id.
        state: How it ended: ``Failed``, ``TimedOut`` or ``Cancelled``.
        kind: The class of its error, as in ``ValueError``; empty if there is none.
        error: The message of its error.
        outputs: What it had set before.
    """

    __module__ = "openautomate"

    def __init__(
        self, execution_id: str, state: str, kind: str, error: str, outputs: dict[str, object]
    ) -> None:
        told = f": {kind}: {error}" if kind else ""
        super().__init__(f"the execution {execution_id} ended as {state}{told}")
        self.execution_id = execution_id
        self.state = state
        self.kind = kind
        self.error = error
        self.outputs = outputs


class ApprovalError(Error):
    """Nobody could be asked."""

    __module__ = "openautomate"


class ApprovalRejected(ApprovalError):
    """The answer is no.

    Attributes:
        comment: What whoever answered said of it.
        answered_by: Who answered; ``None`` if the time was over.
    """

    __module__ = "openautomate"

    def __init__(self, question: str, comment: str, answered_by: str | None) -> None:
        by = f"by {answered_by}" if answered_by else "since nobody answered in time"
        told = f": {comment}" if comment else ""
        super().__init__(f"{question!r} was rejected {by}{told}")
        self.comment = comment
        self.answered_by = answered_by
