"""Leaves a file that another thread makes longer all the while.

Ends as: Succeeded
Timeout: 30s
"""

import threading

import openautomate


def run() -> None:
    ended = threading.Event()

    def grow() -> None:
        with open("grows.bin", "ab", buffering=0) as file:
            while not ended.is_set() and file.tell() < 48 * 1024 * 1024:
                file.write(b"x" * 65536)

    with open("grows.bin", "wb") as file:
        file.write(b"x" * 1024 * 1024)
    thread = threading.Thread(target=grow)
    thread.start()
    openautomate.artifact("grows.bin")
    ended.set()
    thread.join()
