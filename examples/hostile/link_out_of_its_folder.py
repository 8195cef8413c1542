"""Has links in its folder to places outside.

Ends as: Succeeded
"""

import os


def run() -> None:
    os.symlink("/", "root")
    os.symlink(os.path.expanduser("~"), "home")
    os.symlink("loop", "loop")
