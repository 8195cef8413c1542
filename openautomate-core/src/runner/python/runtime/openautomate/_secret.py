"""A secret as an input."""

from __future__ import annotations

from typing import NamedTuple


class Secret:
    """The value of a secret asset that an input names.

    It shows itself as ``***``; ``value`` is the text. The agent masks the text in everything the run says.
    """

    __module__ = "openautomate"
    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    @property
    def value(self) -> str:
        """The text."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format("***", spec)

    def __eq__(self, other: object) -> bool:
        return self._value == other._value if isinstance(other, Secret) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._value)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __reduce__(self) -> str:
        raise TypeError("a Secret is not written anywhere; pass on its value if you mean it")


class Credential(NamedTuple):
    """A user name and a password. It does not show the password."""

    username: str
    password: str

    def __repr__(self) -> str:
        return f"Credential(username={self.username!r}, password='***')"


Credential.__module__ = "openautomate"
