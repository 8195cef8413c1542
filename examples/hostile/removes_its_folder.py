"""Removes its working folder.

Ends as: Succeeded
"""

import os
import shutil


def run() -> None:
    shutil.rmtree(os.getcwd())
