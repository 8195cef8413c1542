"""Reports the free disk space of the machine it runs on; fails when there is too little."""

import os
import platform
import shutil
import sys

LEAST_FREE_PERCENT = 1.0


def main() -> int:
    """Prints the report; returns 0, or 1 if the disk is almost full."""
    usage = shutil.disk_usage(os.getcwd())
    free = 100 * usage.free / usage.total
    print(f"Python {platform.python_version()} on {platform.system()}")
    print(f"disk: {usage.free / 1e9:.1f} GB free of {usage.total / 1e9:.1f} GB ({free:.1f} %)")
    if free < LEAST_FREE_PERCENT:
        print("the disk is almost full", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
