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
