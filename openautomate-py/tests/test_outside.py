"""The package outside of an execution: at the desk, in a test, as a plain command."""

import json
import logging
import subprocess
import sys
from pathlib import Path

import openautomate
import pytest

ROOT = Path(openautomate.__file__).parent.parent


def run(source: str, tmp_path: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Runs a script as somebody does at the desk."""
    script = tmp_path / "script.py"
    script.write_text("import openautomate\n" + source, encoding="utf-8")
    return subprocess.run(
        [sys.executable, script],
        env={"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", **env},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )


def test_inputs_are_empty_without_a_file(tmp_path: Path) -> None:
    assert run("print(openautomate.inputs())", tmp_path).stdout == "{}\n"


def test_inputs_come_from_the_file(tmp_path: Path) -> None:
    file = tmp_path / "inputs.json"
    file.write_text('{"name": "ä"}', encoding="utf-8")
    done = run("print(openautomate.inputs()['name'])", tmp_path, OPENAUTOMATE_INPUTS=str(file))
    assert done.stdout == "ä\n"


@pytest.mark.parametrize("text", ["[1]", "{", None])
def test_unreadable_inputs_are_told(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "inputs.json"
    if text is not None:
        file.write_text(text)
    done = run("openautomate.inputs()", tmp_path, OPENAUTOMATE_INPUTS=str(file))
    assert done.returncode == 1
    assert "InputError" in done.stderr and "OPENAUTOMATE_INPUTS" in done.stderr


def test_outputs_go_to_the_file(tmp_path: Path) -> None:
    file = tmp_path / "outputs.json"
    source = "openautomate.output('a', 1)\nopenautomate.output(b={2})\nopenautomate.output({'c': None})"
    done = run(source, tmp_path, OPENAUTOMATE_OUTPUTS=str(file))
    assert done.returncode == 0, done.stderr
    assert json.loads(file.read_text()) == {"a": 1, "b": [2], "c": None}


def test_outputs_are_shown_without_a_file(tmp_path: Path) -> None:
    done = run("openautomate.output(total=3)", tmp_path)
    assert done.stderr == "openautomate: output total = 3\n"
    assert done.stdout == ""


def test_a_secret_comes_from_the_environment(tmp_path: Path) -> None:
    done = run("print(openautomate.secret('mail.password'))", tmp_path, OPENAUTOMATE_SECRET_MAIL_PASSWORD="x")
    assert done.stdout == "x\n"


def test_a_credential_has_two_parts_and_shows_one(tmp_path: Path) -> None:
    source = "held = openautomate.credential('erp')\nprint(held, held.username, held.password)"
    value = json.dumps({"username": "ada", "password": "sesame"})
    done = run(source, tmp_path, OPENAUTOMATE_SECRET_ERP=value)
    assert done.stdout == "Credential(username='ada', password='***') ada sesame\n", done.stderr
    for odd in ("sesame", '"sesame"', "[1]", '{"username": "ada"}'):
        done = run(source, tmp_path, OPENAUTOMATE_SECRET_ERP=odd)
        assert "SecretError: the asset erp is no credential" in done.stderr
        assert "sesame" not in done.stderr


def test_a_missing_secret_says_what_to_set(tmp_path: Path) -> None:
    done = run("openautomate.secret('mail.password')", tmp_path)
    assert "SecretError" in done.stderr and "OPENAUTOMATE_SECRET_MAIL_PASSWORD" in done.stderr


def test_progress_and_artifact_are_shown(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    done = run("openautomate.progress(0.5, 'half')\nopenautomate.artifact('a.txt')", tmp_path)
    assert done.stderr.splitlines()[0] == "openautomate: progress 50% half"
    assert done.stderr.splitlines()[1].startswith("openautomate: artifact a.txt: ")


def test_the_log_is_shown(tmp_path: Path) -> None:
    done = run("openautomate.log.info('hello %d', 1)", tmp_path)
    assert done.stderr.endswith("INFO hello 1\n")


def test_the_log_follows_the_program_own_set_up(tmp_path: Path) -> None:
    source = "import logging\nlogging.basicConfig(format='own %(message)s')\nopenautomate.log.warning('x')"
    assert run(source, tmp_path).stderr == "own x\n"


def test_a_missing_artifact_raises(tmp_path: Path) -> None:
    with pytest.raises(openautomate.ArtifactError, match="nothing.txt"):
        openautomate.artifact(tmp_path / "nothing.txt")


def test_every_exception_is_an_error() -> None:
    names = [name for name in openautomate.__all__ if name.endswith("Error")]
    assert all(issubclass(getattr(openautomate, name), openautomate.Error) for name in names)


def test_wrong_calls_raise() -> None:
    with pytest.raises(TypeError):
        openautomate.output("only a name")  # type: ignore[call-overload]
    with pytest.raises(ValueError, match="number"):
        openautomate.progress(float("nan"))
    with pytest.raises(openautomate.OutputError, match="total"):
        openautomate.output(total=object())


def test_nobody_cancels() -> None:
    assert openautomate.cancelled() is False
    assert isinstance(openautomate.log, logging.Logger)
    with pytest.raises(AttributeError):
        _ = openautomate.absent  # type: ignore[attr-defined]
