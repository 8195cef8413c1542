"""Storage buckets: files that automations and people share."""

from __future__ import annotations

import json
import os
import shutil

from openautomate import _state
from openautomate._errors import BucketError, SecretError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from typing import Any

FOLDER = "OPENAUTOMATE_BUCKETS"
"""Names the folder of the buckets where there is no server."""

PAGE = 200


class Bucket:
    """A storage bucket in the environment of the execution.

    Keys are relative paths with ``/``, as in ``reports/2026.csv``. What is written is there, whole and
    durable, when the call returns; what it replaced is gone. Secrets in a content are not masked.
    """

    __module__ = "openautomate"

    def __init__(self, name: str) -> None:
        self.name = _state.readable(str(name))

    def __repr__(self) -> str:
        return f"<bucket {self.name}>"

    def put(
        self,
        key: str,
        content: bytes | bytearray | memoryview | str | os.PathLike[str],
        *,
        content_type: str | None = None,
        if_absent: bool = False,
        if_sha256: str | None = None,
    ) -> Object:
        """Writes an object, in the place of what is under its key.

        Args:
            key: What it shall be called.
            content: The bytes themselves, or the path of a file.
            content_type: The media type, as in ``text/csv``; without one, what the ending of the key says.
            if_absent: Whether an object that is there is left, which is an error.
            if_sha256: Writes only in the place of the content with this SHA-256.

        Raises:
            BucketError: There is no such bucket, the key is no good, the object is too large or the bucket
                full, or what is there forbids it (``error.kind == "conflict"``).
        """
        if isinstance(content, (bytes, bytearray, memoryview)):
            path = _written(content)
        else:
            path = os.path.abspath(os.fspath(content))
            if not os.path.isfile(path):
                raise BucketError(f"there is no file {path}; write it before it is put into a bucket")
        condition: Any = {"sha256": if_sha256} if if_sha256 else "absent" if if_absent else "any"
        call = {"type": "put", "path": path, "condition": condition}
        call["contentType"] = content_type or _type_of(key)
        try:
            return Object(self._ask(call, key)["object"])
        finally:
            if path is not None and isinstance(content, (bytes, bytearray, memoryview)):
                _remove(path)

    def get(self, key: str) -> bytes:
        """Returns the content of an object; for one that is large, see ``download``.

        Raises:
            BucketError: There is no such object (``error.kind == "notFound"``).
        """
        path = self._fetched(key)
        try:
            with open(path, "rb") as file:
                return file.read()
        finally:
            _remove(path)

    def download(self, key: str, path: str | os.PathLike[str]) -> str:
        """Writes the content of an object to a file, which is replaced if it is there; returns its path.

        Raises:
            BucketError: There is no such object.
            OSError: The file can't be written.
        """
        target = os.path.abspath(os.fspath(path))
        if os.path.isdir(target):
            raise IsADirectoryError(f"{target} is a folder; name the file")
        fetched = self._fetched(key)
        try:
            try:
                os.replace(fetched, target)
            except OSError:  # on another disk
                shutil.copyfile(fetched, target)
        finally:
            _remove(fetched)
        return target

    def find(self, key: str) -> Object | None:
        """Returns what is known of an object; ``None`` if there is none."""
        found = self._ask({"type": "find"}, key)["object"]
        return None if found is None else Object(found)

    def exists(self, key: str) -> bool:
        """Returns whether there is such an object."""
        return self.find(key) is not None

    def list(self, prefix: str = "") -> Iterator[Object]:
        """Gives the objects whose key begins with a text, by key; they are asked for as they are taken.

        Raises:
            BucketError: There is no such bucket.
        """
        start = None
        while True:
            call = {"type": "list", "prefix": _state.readable(str(prefix)), "from": start, "limit": PAGE}
            told = self._ask(call)
            yield from map(Object, told["objects"])
            start = told.get("next")
            if start is None:
                return

    def delete(self, key: str) -> bool:
        """Deletes an object; returns whether there was one.

        Raises:
            BucketError: There is no such bucket.
        """
        return self._ask({"type": "delete"}, key)["object"] is not None

    def _fetched(self, key: str) -> str:
        told = self._ask({"type": "get"}, key)
        if told["object"] is None:
            raise BucketError(f"there is no object {key!r} in the bucket {self.name}", "notFound")
        return str(told["path"])

    def _ask(self, call: dict[str, Any], key: str | None = None) -> dict[str, Any]:
        call["bucket"] = self.name
        if key is not None:
            call["key"] = _state.readable(str(key))
        if FOLDER in os.environ:
            from openautomate import _bucket_folder

            return _bucket_folder.ask(os.environ[FOLDER], call)
        return ask({"kind": "bucket", "call": call})


class Object:
    """An object of a bucket, as it was when it was asked for."""

    __module__ = "openautomate"

    def __init__(self, told: dict[str, Any]) -> None:
        self.key: str = told["key"]
        """What it is called."""
        self.size: int = told["size"]
        """Its size in bytes."""
        self.sha256: str = told["sha256"]
        """SHA-256 of its content in hex."""
        self.content_type: str = told["contentType"]
        """Its media type."""
        self._written_at = told["writtenAt"]

    @property
    def written_at(self) -> datetime:
        """When it was written."""
        from datetime import datetime

        return datetime.fromisoformat(self._written_at.replace("Z", "+00:00"))

    def __repr__(self) -> str:
        return f"<object {self.key} of {self.size} bytes>"


def asset_path(name: str) -> str:
    """The path of an asset that is a file."""
    try:
        return str(ask({"kind": "assetFile", "name": _state.readable(str(name))})["path"])
    except BucketError as error:
        raise SecretError(str(error)) from None


def ask(call: dict[str, Any]) -> dict[str, Any]:
    """Has the agent or the orchestrator do something."""
    done, text = _state.current().host.call(json.dumps(call, ensure_ascii=False))
    if not done:
        raise BucketError(text, "unavailable")
    answer = json.loads(text)
    if answer["kind"] == "refused":
        raise BucketError(answer["message"], answer["error"])
    return answer  # type: ignore[no-any-return]


def _type_of(key: str) -> str | None:
    import mimetypes

    return mimetypes.guess_type(str(key), strict=True)[0]


def _written(content: bytes | bytearray | memoryview) -> str:
    import tempfile

    handle, path = tempfile.mkstemp(prefix=".object-")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    return path


def _remove(path: str) -> None:
    try:  # noqa: SIM105 - contextlib takes a while to import
        os.remove(path)
    except OSError:
        pass  # it goes with the run's folder at the latest
