"""Storage buckets without a server: folders in a folder.

The bucket ``reports`` is the folder ``reports``, an object a file in it by its key. There are no limits and
no retention; of an object nothing is known but what the file says.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid

from openautomate._errors import BucketError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PIECE = 1024 * 1024


def ask(folder: str, call: dict[str, Any]) -> dict[str, Any]:
    """Does what a run wants of a bucket."""
    bucket = _bucket(os.path.abspath(folder), call["bucket"])
    kind = call["type"]
    if kind == "list":
        return _listed(bucket, call)
    path = _path(bucket, call["key"])
    if kind == "put":
        return _put(bucket, path, call)
    if not os.path.isfile(path):
        return {"object": None, "path": None}
    told = {"object": _told(call["key"], path), "path": None}
    if kind == "delete":
        os.remove(path)
    elif kind == "get":
        # A copy, which is the caller's to move or remove.
        import tempfile

        handle, told["path"] = tempfile.mkstemp(prefix=".object-")
        os.close(handle)
        shutil.copyfile(path, told["path"])
    return told


def _bucket(folder: str, name: str) -> str:
    if not name or name != os.path.basename(name) or name.startswith("."):
        raise BucketError(f"the bucket {name!r} is no plain name, which a folder needs", "invalid")
    bucket = os.path.join(folder, name)
    if not os.path.isdir(bucket):
        raise BucketError(f"there is no bucket {name} here; make the folder {bucket}", "notFound")
    return bucket


def _path(bucket: str, key: str) -> str:
    """Where an object lies; by the same rules as on a server, so that it never is outside of its bucket."""
    parts = key.split("/")
    wrong = [part for part in parts if part in ("", ".", "..") or part != part.strip()]
    unfit = any(ord(character) < 32 or character in "\\\x7f" for character in key)
    if wrong or unfit or len(key.encode()) > 512:
        raise BucketError(f"the key {key!r} is no plain relative path", "invalid")
    if os.path.splitdrive(key)[0] or ":" in key and os.name == "nt":
        raise BucketError(f"the key {key!r} is no name of a file on this system", "invalid")
    path = os.path.join(bucket, *parts)
    # A link in the folder must not lead out of it either.
    root, real = os.path.realpath(bucket), os.path.realpath(path)
    if os.path.commonpath([root, real]) != root:
        raise BucketError(f"the key {key!r} leads out of the bucket", "invalid")
    return path


def _put(bucket: str, path: str, call: dict[str, Any]) -> dict[str, Any]:
    condition = call["condition"]
    is_there = os.path.isfile(path)
    if condition == "absent" and is_there:
        raise BucketError("there is an object under this key; choose another, or replace it", "conflict")
    if isinstance(condition, dict) and (not is_there or _hash(path) != condition["sha256"]):
        raise BucketError("the object was changed or deleted meanwhile; read it again", "conflict")
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        part = os.path.join(os.path.dirname(path), f".part-{uuid.uuid4().hex}")
        shutil.copyfile(call["path"], part)
        os.replace(part, path)
    except OSError as error:
        raise BucketError(f"the object can't be written: {error}", "unavailable") from None
    return {"object": _told(call["key"], path, call.get("contentType")), "path": None}


def _listed(bucket: str, call: dict[str, Any]) -> dict[str, Any]:
    keys = []
    for folder, _, names in os.walk(bucket):
        for name in names:
            if not name.startswith(".part-"):
                keys.append(os.path.relpath(os.path.join(folder, name), bucket).replace(os.sep, "/"))
    # In the order of bytes, as on a server.
    keys = sorted((key for key in keys if key.startswith(call["prefix"])), key=str.encode)
    if call.get("from"):
        keys = [key for key in keys if key.encode() >= call["from"].encode()]
    page, rest = keys[: call["limit"]], keys[call["limit"] :]
    objects = [_told(key, os.path.join(bucket, *key.split("/"))) for key in page]
    return {"objects": objects, "next": rest[0] if rest else None}


def _told(key: str, path: str, content_type: str | None = None) -> dict[str, Any]:
    import datetime

    from openautomate._bucket import _type_of

    found = os.stat(path)
    written = datetime.datetime.fromtimestamp(found.st_mtime, datetime.timezone.utc)
    return {
        "key": key,
        "size": found.st_size,
        "sha256": _hash(path),
        "contentType": content_type or _type_of(key) or "application/octet-stream",
        "writtenAt": written.isoformat(),
    }


def _hash(path: str) -> str:
    hashed = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(PIECE):
            hashed.update(piece)
    return hashed.hexdigest()
