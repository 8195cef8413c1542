"""What schemathesis can't know of this API: how archives are written, who asks, and what exists.

It is loaded by name (`SCHEMATHESIS_HOOKS`) into the process that `test_api_contract.py` starts.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import schemathesis

# By the part of the path before the id: the ids of things that were there when the run began.
KNOWN: dict[str, list[str]] = json.loads(Path(os.environ["CONTRACT_IDS"]).read_text())

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@schemathesis.serializer("application/zip")
def archive(_: Any, value: Any) -> bytes:
    """Any bytes: most are no archive, and that has to be a clear refusal too."""
    return value if isinstance(value, bytes) else json.dumps(value).encode()


@schemathesis.hook
def map_path_parameters(context: Any, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
    """Seven of eight well-formed ids become those of things that exist; the rest is as it was made."""
    if not path_parameters:
        return path_parameters
    parts = context.operation.path.split("/")
    for before, part in zip(parts, parts[1:], strict=False):
        name = part[1:-1] if part.startswith("{") else None
        value = path_parameters.get(name) if name else None
        known = KNOWN.get(before, [])
        if isinstance(value, str) and UUID.fullmatch(value) and known and int(value[-1], 16) % 8:
            path_parameters[name] = known[int(value[-4:], 16) % len(known)]
    return path_parameters


@schemathesis.auth()
class Bearer:
    """The access token of the person for whom the API is tried."""

    def get(self, case: Any, context: Any) -> str:
        """The whole header."""
        return os.environ["CONTRACT_TOKEN"]

    def set(self, case: Any, data: str, context: Any) -> None:
        """Signs a request."""
        case.headers = {**(case.headers or {}), "Authorization": data}
