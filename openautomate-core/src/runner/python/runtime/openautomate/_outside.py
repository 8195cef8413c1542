"""A run at the desk: the automation was started by hand, by a test or as a plain command."""

from __future__ import annotations

import os
import sys

from openautomate._errors import InputError
from openautomate._state import Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

INPUTS = "OPENAUTOMATE_INPUTS"
OUTPUTS = "OPENAUTOMATE_OUTPUTS"
SECRET = "OPENAUTOMATE_SECRET_"
QUEUES = "OPENAUTOMATE_QUEUES"
BUCKETS = "OPENAUTOMATE_BUCKETS"
FILE = "OPENAUTOMATE_FILE_"
APPROVAL = "OPENAUTOMATE_APPROVAL"


class Desk:
    """A host that shows on stderr what an agent would keep."""

    def started(self) -> None:
        """Nobody waits for it."""

    def log(
        self,
        time: int,
        level: str,
        logger: str,
        source: str | None,
        message: str,
        stdout_bytes: int,
        stderr_bytes: int,
    ) -> None:
        """Shows a record."""
        _show(f"{level.upper()} {logger}: {message}")

    def progress(self, fraction: float, message: str | None) -> None:
        """Shows the progress."""
        _show(f"progress {fraction:.0%}" + (f" {message}" if message else ""))

    def artifact(self, name: str, path: str, content_type: str | None) -> str | None:
        """Shows where the file lies."""
        _show(f"artifact {name}: {path}")
        return None

    def secret(self, name: str) -> tuple[bool, str]:
        """Reads the environment variable of the secret."""
        variable = _variable(SECRET, name)
        value = os.environ.get(variable)
        if value is None:
            return False, (
                f"there is no secret {name!r} outside an execution; set the environment variable "
                f"{variable}, or run the automation on an agent"
            )
        return True, value

    def queue(self, call: str) -> tuple[bool, str]:
        """There is none."""
        import json

        message = (
            f"there are no queues outside an execution; name a folder for them in the environment variable "
            f"{QUEUES}, or run the automation on an agent"
        )
        return False, json.dumps({"kind": "unsupported", "message": message})

    def call(self, call: str) -> tuple[bool, str]:
        """Answers an approval, or names a file that is an asset, by an environment variable."""
        import json

        asked = json.loads(call)
        if asked["kind"] == "assetFile":
            return _asset_file(asked["name"])
        if asked["kind"] == "bucket":
            message = (
                "there are no buckets outside an execution; name a folder for them in the environment "
                f"variable {BUCKETS}, or run the automation on an agent"
            )
            return True, json.dumps({"kind": "refused", "error": "unsupported", "message": message})
        if asked["kind"] != "approval":
            return False, "other packages run inside an execution only; run the automation on an agent"
        answer = os.environ.get(APPROVAL, "")
        _show(f"approval {asked['key']}: {asked['question']} {answer}")
        if answer not in ("approve", "reject"):
            return False, (
                f"nobody is asked outside an execution; set {APPROVAL} to approve or reject, or run the "
                "automation on an agent"
            )
        return True, json.dumps({"kind": "answered", "approved": answer == "approve", "comment": ""})

    def cancelled(self) -> bool:
        """Ctrl-C is all there is."""
        return False


def _variable(prefix: str, name: str) -> str:
    return prefix + "".join(c if c.isalnum() else "_" for c in name).upper()


def _asset_file(name: str) -> tuple[bool, str]:
    import json

    variable = _variable(FILE, name)
    path = os.environ.get(variable)
    if path is not None and os.path.isfile(path):
        return True, json.dumps({"kind": "assetFile", "path": os.path.abspath(path)})
    message = (
        f"there is no asset {name!r} that is a file outside an execution; give its path in the environment "
        f"variable {variable}, or run the automation on an agent"
    )
    return True, json.dumps({"kind": "refused", "error": "notFound", "message": message})


class DeskRun(Run):
    """Writes outputs to the file that ``OPENAUTOMATE_OUTPUTS`` names, or shows them."""

    def add_outputs(self, values: Mapping[str, Any]) -> None:
        """Adds all outputs or none."""
        super().add_outputs(values)
        import json

        path = os.environ.get(OUTPUTS)
        if path is None:
            for name in values:
                _show(f"output {name} = {json.dumps(self.outputs[name], ensure_ascii=False)}")
            return
        part = f"{path}.part"
        with open(part, "w", encoding="utf-8") as file:
            json.dump(self.outputs, file, ensure_ascii=False)
        os.replace(part, path)


_run: DeskRun | None = None


def run() -> Run:
    """The one run at this desk.

    Raises:
        InputError: The file of ``OPENAUTOMATE_INPUTS`` can't be read.
    """
    global _run
    if _run is None:
        _run = DeskRun(Desk(), _inputs(), os.getcwd())
    return _run


def _inputs() -> dict[str, Any]:
    path = os.environ.get(INPUTS)
    if path is None:
        return {}
    import json

    try:
        with open(path, encoding="utf-8") as file:
            values = json.load(file)
    except (OSError, ValueError) as error:
        raise InputError(f"the file {path} that {INPUTS} names can't be read: {error}") from error
    if not isinstance(values, dict):
        raise InputError(f"the file {path} that {INPUTS} names holds no JSON object")
    return values


def _show(text: str) -> None:
    if sys.stderr is not None:
        print(f"openautomate: {text}", file=sys.stderr, flush=True)
