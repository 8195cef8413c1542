"""The module of an entry point that is one plain file is loaded without the import system, just the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from openautomate import _plain

ATTRIBUTES = ["__name__", "__file__", "__package__", "__cached__", "__doc__"]
LOOK = f"""
import sys
from openautomate import _plain
folder, how = sys.argv[1:]
sys.path.insert(0, folder)
if how == "plain":
    assert _plain.load("job", folder)
else:
    sys.path_hooks.insert(0, _plain.find_in_package)
    __import__("job")
job = sys.modules["job"]
print({{name: getattr(job, name) for name in {ATTRIBUTES}}})
print(job.__spec__.name, job.__spec__.origin, job.__spec__.cached, job.__spec__.has_location)
print(type(job.__loader__).__name__, job.__loader__ is job.__spec__.loader, job.__loader__.path)
print(sorted(vars(job)), job.names, job.VALUE)
"""


def write(folder: Path, files: dict[str, str]) -> None:
    """Makes the files of a package."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package folder that is the first to import from; what is loaded from it is forgotten."""
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    # pytest has a finder of its own.
    monkeypatch.setattr(_plain, "_ASKS_THE_PATH", True)
    return tmp_path


def test_it_is_the_module_that_an_import_makes(tmp_path: Path) -> None:
    source = '"""Its text."""\nimport sys\nnames = sorted(vars())\nVALUE = "ä"\ndef run(): pass\n'
    write(tmp_path, {"job.py": source})

    def look(how: str) -> str:
        command = [sys.executable, "-B", "-c", LOOK, str(tmp_path), how]
        env = os.environ | {"PYTHONPATH": str(Path(_plain.__file__).parents[1])}
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=env).stdout

    assert look("plain") == look("import")


@pytest.mark.parametrize(
    ("name", "others"),
    [
        ("job", {"job/__init__.py": ""}),
        ("job", {"job.cpython-311-x86_64-linux-gnu.so": ""}),
        ("job", {"__pycache__/job.cpython-311.pyc": ""}),
        ("folder.job", {"folder/job.py": ""}),
        ("sys", {"sys.py": ""}),
        ("json", {"json.py": ""}),
        ("nothing", {}),
    ],
)
def test_where_more_than_one_file_may_be_meant_the_import_system_is_asked(
    folder: Path, name: str, others: dict[str, str]
) -> None:
    import json

    assert json.dumps(1) == "1", "it is loaded, so the name is taken"
    write(folder, {"job.py": "", **others})
    assert not _plain.load(name, str(folder))


def test_another_folder_before_the_package_is_asked_first(folder: Path) -> None:
    write(folder, {"job.py": ""})
    sys.path.insert(0, "/elsewhere")
    assert not _plain.load("job", str(folder))


def test_a_module_that_fails_is_not_there(folder: Path) -> None:
    write(folder, {"job.py": "import sys\nassert 'job' in sys.modules\nraise KeyError('mine')\n"})
    with pytest.raises(KeyError, match="mine"):
        _plain.load("job", str(folder))
    assert "job" not in sys.modules


def test_a_file_with_an_encoding_of_its_own_is_read_by_it(folder: Path) -> None:
    (folder / "job.py").write_bytes("# -*- coding: latin-1 -*-\nVALUE = 'ä'\n".encode("latin-1"))
    assert _plain.load("job", str(folder))
    assert sys.modules["job"].VALUE == "ä"
