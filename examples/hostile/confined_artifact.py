"""Has the agent keep files that it may not read itself, confined.

Ends as: Succeeded
Isolation: L2
"""

import os

import openautomate._state


def run() -> None:
    os.symlink("/etc/hostname", "own.txt")
    os.symlink("/etc", "folder")
    host = openautomate._state.current().host
    for path in ("own.txt", "folder/hostname", "/root/.profile", "../../agent.json"):
        refusal = host.artifact("stolen.txt", os.path.abspath(path), None)
        assert refusal, path
