"""Reads a file that arrived in a folder of an agent."""

from __future__ import annotations

from pathlib import Path


def run(file: Path, name: str, size: int) -> dict[str, object]:
    """Sums up the last column of a CSV file.

    Args:
        file: The content of the file, wherever this runs.
        name: What it was called in its folder.
        size: How large it was there.

    Returns:
        Its ``name``, ``size`` and the ``total``.
    """
    lines = file.read_text(encoding="utf-8").splitlines()
    total = sum(float(line.rsplit(";", 1)[-1]) for line in lines if line)
    print(f"{name}: {len(lines)} lines, {total:.2f} in all")
    return {"name": name, "size": size, "total": total}
