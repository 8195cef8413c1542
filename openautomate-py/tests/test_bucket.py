"""Storage buckets at the desk: folders, and files as assets."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import openautomate
import pytest
from openautomate import _bucket_folder

ROOT = Path(openautomate.__file__).parent.parent


def run(source: str, folder: Path, **env: str) -> Any:
    """Runs a script as somebody does at the desk; gives what it prints last, from JSON."""
    script = folder / "script.py"
    script.write_text("import json, openautomate\n" + source, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, script],
        env={"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "TMPDIR": str(folder), **env},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_a_bucket_is_a_folder(tmp_path: Path) -> None:
    reports = tmp_path / "buckets" / "reports"
    reports.mkdir(parents=True)
    (reports / "z.txt").write_bytes(b"by hand")
    source = """
bucket = openautomate.bucket("reports")
kept = bucket.put("a/b.csv", b"1;2")
open("own.bin", "wb").write(b"own")
bucket.put("a/ä.bin", "own.bin", content_type="application/x-own")
bucket.download("a/ä.bin", "copy.bin")
print(json.dumps({
    "kept": [kept.key, kept.size, kept.sha256, kept.content_type, kept.written_at.utcoffset().seconds],
    "read": bucket.get("a/b.csv").decode(),
    "copy": open("copy.bin").read(),
    "all": [found.key for found in bucket.list()],
    "some": [found.key for found in bucket.list("a/")],
    "there": [bucket.exists("z.txt"), bucket.exists("y.txt"), bucket.exists("a")],
    "deleted": [bucket.delete("z.txt"), bucket.delete("z.txt")],
}))
"""
    told = run(source, tmp_path, OPENAUTOMATE_BUCKETS="buckets")
    digest = hashlib.sha256(b"1;2").hexdigest()
    assert told == {
        "kept": ["a/b.csv", 3, digest, "text/csv", 0],
        "read": "1;2",
        "copy": "own",
        "all": ["a/b.csv", "a/ä.bin", "z.txt"],
        "some": ["a/b.csv", "a/ä.bin"],
        "there": [True, False, False],
        "deleted": [True, False],
    }
    assert (reports / "a" / "b.csv").read_bytes() == b"1;2"
    assert not list(tmp_path.glob(".object-*")), "a temporary file is left"


def test_what_is_refused_says_why(tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    source = """
bucket = openautomate.bucket("reports")
first = bucket.put("a", b"one")
kinds = []
def attempt(work):
    try:
        work()
    except openautomate.BucketError as error:
        kinds.append(error.kind)
attempt(lambda: bucket.put("a", b"two", if_absent=True))
attempt(lambda: bucket.put("a", b"two", if_sha256="00"))
bucket.put("a", b"two", if_sha256=first.sha256)
attempt(lambda: bucket.get("none"))
attempt(lambda: bucket.put("b", "no-such-file"))
attempt(lambda: openautomate.bucket("none").exists("a"))
attempt(lambda: openautomate.bucket("../up").exists("a"))
print(json.dumps([kinds, bucket.get("a").decode()]))
"""
    told = run(source, tmp_path, OPENAUTOMATE_BUCKETS=".")
    expected = ["conflict", "conflict", "notFound", "invalid", "notFound", "invalid"]
    assert told == [expected, "two"]


@pytest.mark.parametrize(
    "key", ["", "/etc/passwd", "../up", "a/../../up", "a//b", "a/", "a\\b", "a\nb", " a", "x" * 513]
)
def test_no_key_leads_out_of_its_bucket(tmp_path: Path, key: str) -> None:
    (tmp_path / "reports").mkdir()
    call = {"type": "find", "bucket": "reports", "key": key}
    with pytest.raises(openautomate.BucketError) as refused:
        _bucket_folder.ask(str(tmp_path), call)
    assert refused.value.kind == "invalid"


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_link_does_not_lead_out_of_its_bucket(tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    (tmp_path / "secret").write_bytes(b"x")
    (tmp_path / "reports" / "link").symlink_to(tmp_path)
    call = {"type": "get", "bucket": "reports", "key": "link/secret"}
    with pytest.raises(openautomate.BucketError):
        _bucket_folder.ask(str(tmp_path), call)


def test_lists_come_in_pages(tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    for number in range(5):
        (tmp_path / "reports" / f"{number}.txt").write_bytes(b"x")
    found: list[str] = []
    start = None
    while True:
        call = {"type": "list", "bucket": "reports", "prefix": "", "from": start, "limit": 2}
        page = _bucket_folder.ask(str(tmp_path), call)
        found += [told["key"] for told in page["objects"]]
        start = page["next"]
        if start is None:
            break
    assert found == [f"{number}.txt" for number in range(5)]


def test_outside_an_agent_files_are_named_by_variables(tmp_path: Path) -> None:
    (tmp_path / "client.pem").write_bytes(b"x")
    source = """
try:
    openautomate.asset_path("Other file")
except openautomate.SecretError as error:
    refused = str(error)
try:
    openautomate.bucket("reports").exists("a")
except openautomate.BucketError as error:
    no_folder = error.kind
print(json.dumps([openautomate.asset_path("Client certificate"), refused, no_folder]))
"""
    told = run(source, tmp_path, OPENAUTOMATE_FILE_CLIENT_CERTIFICATE="client.pem")
    assert told[0] == str(tmp_path / "client.pem")
    assert "OPENAUTOMATE_FILE_OTHER_FILE" in told[1]
    assert told[2] == "unsupported"
