"""What an automation saw: screenshots, and the state in which it failed.

Nothing of it is loaded before it is needed, and values of variables are never told: they may be anything.
"""

from __future__ import annotations

import os
import sys

from openautomate._errors import ArtifactError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType, TracebackType
    from typing import Any

    from openautomate._state import Run

VARIABLE = "OPENAUTOMATE_EVIDENCE"
"""Set to 1 where the package asks for evidence of failures."""

MAX_LOCALS = 200
PAGE_TIMEOUT = 5_000
"""A page that does not answer must not hold up a failed run; in milliseconds."""

_count = 0


def screenshot(source: Any, name: str | None) -> str:
    """Keeps a picture of a page, a driver or the desktop; returns its name."""
    global _count
    picture = _picture(source)
    if name is None:
        _count += 1
        name = f"screenshot-{_count}.png"
    elif not name.lower().endswith(".png"):
        name += ".png"
    _keep(picture, name, "image/png")
    return name


def _keep(content: bytes, name: str, content_type: str) -> None:
    import tempfile

    import openautomate

    descriptor, path = tempfile.mkstemp()
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        openautomate.artifact(path, name, content_type)
    finally:
        os.unlink(path)


def _picture(source: Any) -> bytes:
    """PNG of what ``source`` shows; of the desktop for ``None``."""
    if source is None:
        return _desktop()
    kind = type(source)
    if callable(getattr(kind, "get_screenshot_as_png", None)):
        picture = source.get_screenshot_as_png()
    elif callable(getattr(kind, "screenshot", None)):
        options = {"timeout": PAGE_TIMEOUT} if kind.__module__.startswith("playwright.") else {}
        picture = source.screenshot(**options)
    else:
        raise ArtifactError(
            f"a {kind.__name__} has no picture; give a page of Playwright, a driver of Selenium, or nothing "
            "for the desktop"
        )
    if hasattr(picture, "close") and hasattr(picture, "send"):
        picture.close()
        raise ArtifactError(
            "the page is asynchronous; keep the file of `await page.screenshot(path=...)` with artifact()"
        )
    if not isinstance(picture, (bytes, bytearray)):
        raise ArtifactError(f"the picture of a {kind.__name__} is no PNG but a {type(picture).__name__}")
    return bytes(picture)


def _desktop() -> bytes:
    """PNG of all screens, by whichever library the environment has."""
    reasons = []
    for library, capture in (("mss", _by_mss), ("pillow", _by_pillow)):
        try:
            return capture()
        except ImportError:
            reasons.append(f"{library} is not installed")
        except Exception as error:
            reasons.append(f"{library} says: {error or type(error).__name__}")
    raise ArtifactError(
        f"the desktop can't be captured: {'; '.join(reasons)}. Add mss to the dependencies, and run the "
        "agent where there is a desktop"
    )


def _by_mss() -> bytes:
    import mss
    import mss.tools

    with mss.mss() as screens:
        image = screens.grab(screens.monitors[0])
        picture = mss.tools.to_png(image.rgb, image.size)
    if picture is None:
        raise OSError("no picture came")
    return picture


def _by_pillow() -> bytes:
    import io

    from PIL import ImageGrab

    target = io.BytesIO()
    ImageGrab.grab(all_screens=True).save(target, "PNG")
    return target.getvalue()


def keep_failure(run: Run, error: BaseException, first: TracebackType | None) -> None:
    """Keeps ``evidence.json`` and a picture of a failure; what goes wrong with that is said and passed over.

    Args:
        run: The run that failed.
        error: Why.
        first: The first frame of the automation.
    """
    if run.host.cancelled():
        return
    try:
        _keep_failure(run, error, first)
    except BaseException as reason:
        print(f"openautomate: there is no evidence of the failure: {reason}", file=sys.stderr)


def _keep_failure(run: Run, error: BaseException, first: TracebackType | None) -> None:
    import json

    frames = _frames(first)
    failing = _failing(frames, run.package_dir)
    told: dict[str, Any] = {"kind": type(error).__name__, "frame": None, "locals": [], "screenshot": None}
    if failing is not None:
        frame, line = failing
        told["frame"] = {
            "file": _relative(frame.f_code.co_filename, run.package_dir),
            "line": line,
            "function": frame.f_code.co_name,
        }
        told["locals"] = _locals(frame)
    told["screenshot"], reason = _picture_of_failure(frames)
    if reason:
        told["noScreenshot"] = reason
    _keep(json.dumps(told, indent=2).encode(), "evidence.json", "application/json")


def _frames(first: TracebackType | None) -> list[tuple[FrameType, int]]:
    """Frames and lines, outermost call first."""
    frames = []
    while first is not None:
        frames.append((first.tb_frame, first.tb_lineno or 0))
        first = first.tb_next
    return frames


def _failing(frames: list[tuple[FrameType, int]], package_dir: str) -> tuple[FrameType, int] | None:
    """The innermost frame in the package's own code; without one, the innermost of all."""
    own = [found for found in frames if found[0].f_code.co_filename.startswith(package_dir + os.sep)]
    return (own or frames or [None])[-1]  # type: ignore[list-item]


def _relative(file: str, package_dir: str) -> str:
    root = package_dir + os.sep
    return file[len(root) :].replace(os.sep, "/") if file.startswith(root) else file


def _locals(frame: FrameType) -> list[dict[str, str]]:
    """Names and types; no value, and no code of the automation runs for it."""
    # The globals of a module hold its imports and what Python puts there.
    is_module = frame.f_locals is frame.f_globals
    told = []
    for name, value in frame.f_locals.items():
        kind = type(value)
        if is_module and (name.startswith("__") or kind.__name__ in ("module", "function", "type")):
            continue
        prefix = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
        told.append({"name": name, "type": prefix + kind.__qualname__})
        if len(told) == MAX_LOCALS:
            break
    return told


def _picture_of_failure(frames: list[tuple[FrameType, int]]) -> tuple[str | None, str | None]:
    """A picture of the page or driver nearest to the failure, or of the desktop.

    Returns its name, or the class of the exception that prevented it: its text may hold anything.
    """
    reason = None
    for source in [*_pages(frames), None]:
        if source is None and not _has_desktop():
            break
        try:
            picture = _picture(source)
        except Exception as error:
            reason = reason or type(error).__name__
            continue
        _keep(picture, "failure.png", "image/png")
        return "failure.png", None
    return None, reason


def _pages(frames: list[tuple[FrameType, int]]) -> list[Any]:
    """The pages and drivers in variables, the nearest to the failure first."""
    found: list[Any] = []
    for frame, _ in reversed(frames):
        for value in list(frame.f_locals.values()):
            kind = type(value)
            module = kind.__module__ if isinstance(kind.__module__, str) else ""
            is_page = module.startswith("playwright.") and kind.__name__ == "Page"
            is_driver = callable(getattr(kind, "get_screenshot_as_png", None))
            if (is_page or is_driver) and not any(value is known for known in found):
                found.append(value)
    return found[:3]


def _has_desktop() -> bool:
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
