"""The largest files of a folder: the smallest automation with a dependency."""

import heapq
import os
from collections.abc import Iterator
from pathlib import Path

import humanize
import openautomate


def files(folder: Path) -> Iterator[tuple[int, str]]:
    """Size and path of every file below a folder that can be read; links are not followed."""
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            try:
                yield os.lstat(path).st_size, path
            except OSError as error:
                openautomate.log.warning("%s is left out: %s", path, error.strerror)


def run(folder: str = "", count: int = 5) -> dict[str, object]:
    """Lists the largest files of a folder.

    Args:
        folder: The folder, on the agent's machine; otherwise the one of this package.
        count: How many files are listed.

    Returns:
        The outputs ``files`` (how many there are), ``size`` and ``largest``.

    Raises:
        ValueError: ``folder`` is no folder or ``count`` is below 1.
    """
    place = Path(folder) if folder else Path(__file__).parent
    if not place.is_dir() or count < 1:
        raise ValueError("folder is no folder or count is below 1: correct the inputs")
    found = list(files(place))
    largest = heapq.nlargest(count, found)
    for size, path in largest:
        print(f"{humanize.naturalsize(size, binary=True):>12}  {path}")
    total = sum(size for size, _ in found)
    return {
        "files": len(found),
        "size": humanize.naturalsize(total, binary=True),
        "largest": [path for _, path in largest],
    }
