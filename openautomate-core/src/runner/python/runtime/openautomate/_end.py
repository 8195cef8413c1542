"""The end of the process of a run.

The interpreter takes itself apart object by object, which takes longer than most of what a small automation
does: it writes to nearly every page that a forked process shares with its zygote, and so has all of them
copied. What an automation may notice of the end is done here in the interpreter's order, and the rest is left
to the kernel, which takes the memory back whole.
"""

from __future__ import annotations

import atexit
import gc
import sys
from _io import TextIOWrapper, _IOBase
from _weakref import ref

from openautomate import _state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

# The automation may have changed the modules that they come from.
_collect, _objects, _frames = gc.collect, gc.get_objects, sys._current_frames
_at_exit = atexit._run_exitfuncs
_MODULE = type(sys)

NOT_FLUSHED = 120
"""The interpreter's exit code where a standard stream can't be flushed."""


def end(code: int, leave: Callable[[int, bool], None], separator: str) -> int:
    """Ends the process; returns the exit code where the interpreter has to end it itself.

    Args:
        code: The exit code.
        leave: Ends the process as the C library does; it is told whether no code could speak to that library.
        separator: What stands between folders.
    """
    threading = sys.modules.get("threading")
    if threading is not None:
        try:
            threading._shutdown()
        except BaseException as error:
            sys.excepthook(type(error), error, error.__traceback__)
    _at_exit()
    if len(_frames()) > 1:
        # Threads that nobody waits for are stopped by the interpreter alone; until then they need everything.
        return code
    # A collection closes a file and what writes to it in any order, and loses what is held back.
    _flush_files(_objects())
    run, _state.of_process = _state.of_process, None
    if run is not None:
        folder = run.package_dir + separator
        last = run.last_module
        del run
        _drop_modules(folder, last)
    _flush_files(_objects())
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None and not getattr(stream, "closed", False):
                stream.flush()
        except BaseException:
            code = NOT_FLUSHED
    # Who can call the C library by itself can have it call something at the end.
    is_plain = "_ctypes" not in sys.modules and "_cffi_backend" not in sys.modules
    leave(code, is_plain)
    return code


def _drop_modules(folder: str, last: str) -> None:
    """Lets go of what the modules of the automation hold: objects see their end, files are closed.

    Those up to ``last`` were there before. A look at them would write to them, and have their pages copied.
    """
    names = []
    for name, module in reversed(sys.modules.items()):
        if name == last:
            break
        if _is_below(module, folder):
            names.append(name)
    alive = [ref(sys.modules.pop(name)) for name in names]
    _collect()
    for module in alive:
        found = module()
        if found is not None:
            _clear(found.__dict__)
    _collect()


def _is_below(module: Any, folder: str) -> bool:
    if not issubclass(type(module), _MODULE):
        return False
    file = _MODULE.__getattribute__(module, "__dict__").get("__file__")
    return type(file) is str and file.startswith(folder)


def _clear(names: dict[str, Any]) -> None:
    """As the interpreter does: private names first."""
    known = [name for name in names if type(name) is str and name != "__builtins__"]
    is_private = [name[:1] == "_" and name[1:2] != "_" for name in known]
    for first in (True, False):
        for name, private in zip(known, is_private, strict=True):
            if private == first:
                names[name] = None


def _flush_files(objects: Iterable[Any]) -> None:
    """Writes what files hold back that somebody still has: the text before the bytes that it becomes."""
    files = [found for found in objects if issubclass(type(found), _IOBase)]
    files.sort(key=lambda file: not issubclass(type(file), TextIOWrapper))
    for file in files:
        try:  # noqa: SIM105 - contextlib takes a while to import
            file.flush()
        except BaseException:
            pass  # closed, or not to be written to
