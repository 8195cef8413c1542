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


class BusinessError(Error):
    """The item itself is wrong, so that trying again would not help; raise it from your own code.

    ``code`` is a word of your own, as in ``INVALID_IBAN``.
    """

    __module__ = "openautomate"

    def __init__(self, message: str = "", code: str | None = None) -> None:
        super().__init__(message)
        self.code = code
