"""Leaves a file that another thread empties all the while.

Ends as: Succeeded
Timeout: 30s
"""

import threading

import openautomate


def run() -> None:
    ended = threading.Event()

    def shrink() -> None:
        while not ended.is_set():
            with open("shrinks.bin", "r+b") as file:
                file.truncate(0)
                file.truncate(16 * 1024 * 1024)

    with open("shrinks.bin", "wb") as file:
        file.truncate(16 * 1024 * 1024)
    thread = threading.Thread(target=shrink)
    thread.start()
    try:
        openautomate.artifact("shrinks.bin")
    except openautomate.ArtifactError:
        pass
    ended.set()
    thread.join()
