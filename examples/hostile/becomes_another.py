"""Becomes another program, which ends well and says nothing.

Ends as: Failed, ExitCode
"""

import os


def run() -> None:
    os.execvp("true", ["true"])
