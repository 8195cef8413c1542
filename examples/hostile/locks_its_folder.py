"""Takes the rights to its folder and to what is in it away.

Ends as: Succeeded
"""

import os


def run() -> None:
    os.makedirs("inner/most")
    for folder in ("inner/most", "inner", "."):
        os.chmod(folder, 0)
