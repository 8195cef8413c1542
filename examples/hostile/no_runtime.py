"""Takes away the modules of the runtime, and returns.

Ends as: Failed, ModuleNotFoundError
"""

import sys


def run() -> dict[str, int]:
    for name in [name for name in sys.modules if name.startswith("openautomate")]:
        sys.modules[name] = None  # type: ignore[assignment]
    return {"answer": 42}
