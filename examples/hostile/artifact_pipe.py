"""Leaves a pipe as its artifact, past the check in Python.

Ends as: Succeeded
"""

import os

import openautomate._state


def run() -> None:
    os.mkfifo("pipe")
    host = openautomate._state.current().host
    for path in ("pipe", "/dev/zero", "."):
        refusal = host.artifact("artifact.bin", os.path.abspath(path), None)
        assert refusal, path
