"""Takes away what Python is made of, and returns.

Ends as: Failed, ExitCode
"""

import builtins


def run() -> dict[str, int]:
    for name in ("isinstance", "len", "str", "type", "print", "open", "getattr", "hasattr", "__import__"):
        setattr(builtins, name, None)
    return {"answer": 42}
