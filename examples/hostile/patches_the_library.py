"""Has functions of the standard library do something else.

Ends as: Failed, Patched or ExitCode
"""

import io
import json
import os
import traceback


class Patched(BaseException):
    pass


def fails(*_: object, **__: object) -> None:
    raise Patched


def run() -> None:
    for module, names in {
        os: ("write", "open", "dup2", "close", "getpid"),
        json: ("dumps", "loads"),
        traceback: ("format_exception",),
        io: ("TextIOWrapper",),
    }.items():
        for name in names:
            setattr(module, name, fails)
    os.getpid()
