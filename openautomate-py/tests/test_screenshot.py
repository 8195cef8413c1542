"""Screenshots of pages, drivers and the desktop, outside of an execution."""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import Any

import openautomate
import pytest
from openautomate import _state

PNG = b"\x89PNG\r\n\x1a\n"


class Keeper:
    """A host that keeps files."""

    def __init__(self, refusal: str | None = None) -> None:
        self.refusal = refusal
        self.kept: dict[str, tuple[bytes, str | None]] = {}

    def artifact(self, name: str, path: str, content_type: str | None) -> str | None:
        """Keeps a file."""
        self.kept[name] = (Path(path).read_bytes(), content_type)
        return self.refusal


@pytest.fixture
def keeper(monkeypatch: pytest.MonkeyPatch) -> Keeper:
    """The host of the calling code."""
    keeper = Keeper()
    run = _state.Run(keeper, {}, "/nowhere")  # type: ignore[arg-type]
    monkeypatch.setattr(_state, "of_process", run)
    return keeper


class Driver:
    """As Selenium's."""

    def get_screenshot_as_png(self) -> bytes:
        """The picture."""
        return PNG + b"driver"


class Page:
    """As Playwright's."""

    def screenshot(self, **options: Any) -> bytes:
        """The picture."""
        return PNG + repr(options).encode()


Page.__module__ = "playwright.sync_api._generated"


class AsyncPage:
    """As Playwright's other one."""

    async def screenshot(self) -> bytes:
        """The picture, some day."""
        return PNG


def test_a_page_and_a_driver_give_their_picture(keeper: Keeper) -> None:
    assert openautomate.screenshot(Driver(), "login") == "login.png"
    assert openautomate.screenshot(Page(), "shop.PNG") == "shop.PNG"
    assert keeper.kept["login.png"] == (PNG + b"driver", "image/png")
    assert b"timeout" in keeper.kept["shop.PNG"][0], "a dead page must not hang"


def test_names_are_counted_where_none_is_given(keeper: Keeper) -> None:
    first, second = openautomate.screenshot(Driver()), openautomate.screenshot(Driver())
    assert first != second and {first, second} == set(keeper.kept)


@pytest.mark.parametrize(
    ("source", "word"), [(object(), "Playwright"), (AsyncPage(), "await"), ("text", "str")]
)
def test_what_has_no_picture_is_told(keeper: Keeper, source: object, word: str) -> None:
    with pytest.raises(openautomate.ArtifactError, match=word):
        openautomate.screenshot(source)
    assert not keeper.kept


def test_a_refusal_is_told_and_no_file_is_left(
    keeper: Keeper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    keeper.refusal = "it is too large"
    with pytest.raises(openautomate.ArtifactError, match="too large"):
        openautomate.screenshot(Driver())
    assert not list(tmp_path.iterdir())


def test_the_desktop_takes_the_library_that_is_there(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Grab:
        @staticmethod
        def grab(all_screens: bool) -> Any:
            from PIL import Image

            assert all_screens
            return Image.new("RGB", (3, 2))

    fake = types.ModuleType("PIL.ImageGrab")
    fake.grab = Grab.grab  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "mss", None)
    monkeypatch.setitem(sys.modules, "PIL.ImageGrab", fake)
    monkeypatch.setattr("PIL.ImageGrab", fake, raising=False)
    name = openautomate.screenshot()
    assert keeper.kept[name][0].startswith(PNG)


def test_without_a_library_or_a_desktop_it_is_told_what_to_do(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mss", None)
    monkeypatch.setitem(sys.modules, "PIL", None)
    monkeypatch.setitem(sys.modules, "PIL.ImageGrab", None)
    with pytest.raises(openautomate.ArtifactError, match="mss is not installed; pillow is not installed"):
        openautomate.screenshot()


def test_nothing_of_it_is_loaded_before_it_is_needed() -> None:
    import subprocess

    root = Path(openautomate.__file__).parent.parent
    wanted = {"openautomate._evidence", "json", "tempfile"}
    source = f"import sys, openautomate; print({wanted!r} & set(sys.modules))"
    env = {"PYTHONPATH": str(root)}
    done = subprocess.run([sys.executable, "-c", source], env=env, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
