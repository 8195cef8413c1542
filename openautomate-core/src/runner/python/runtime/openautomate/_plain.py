"""Loads the module of an entry point where nothing but one file of the package can be meant.

It does what the import system would do, and asks nobody else: the import system runs some fifty functions,
and a forked process has each page that they touch copied.
"""

from __future__ import annotations

import _imp
import os
import sys
from _frozen_importlib import ModuleSpec
from _frozen_importlib_external import (
    FileFinder,
    PathFinder,
    SourceFileLoader,
    _get_supported_file_loaders,
)

_MODULE = type(sys)
# Who is asked before the path and has no answer for a module of a package; others, as those of editable
# installations, may have one.
_SILENT = ("_LoggingHook", "DistutilsMetaFinder", "BuiltinImporter", "FrozenImporter")
_NOT_OURS = {*sys.builtin_module_names, "distutils", "pip"}
_FINDERS = len(sys.meta_path)
_ASKS_THE_PATH = PathFinder in sys.meta_path and all(
    getattr(finder, "__name__", type(finder).__name__) in _SILENT
    for finder in sys.meta_path[: sys.meta_path.index(PathFinder)]
)


class PackageLoader(SourceFileLoader):  # type: ignore[misc]
    """Reads bytecode but writes none: a run must not change its package."""

    def set_data(self, path, data, *, _mode=0o666):  # type: ignore[no-untyped-def]
        """Writes nothing."""


find_in_package = FileFinder.path_hook(
    *(
        (PackageLoader if loader is SourceFileLoader else loader, suffixes)
        for loader, suffixes in _get_supported_file_loaders()
    )
)
"""The path hook of the folders of a package."""


def load(name: str, package_dir: str) -> bool:
    """Loads a module; false if it is not a plain file at the top of the package, or nobody knows.

    Raises:
        BaseException: What the module raises; it then is not there, as after a failed import.
    """
    file = name + ".py"
    if not (sys.path and sys.path[0] == package_dir and _is_plain(name, file, package_dir)):
        return False
    path = package_dir + os.sep + file
    loader = PackageLoader(name, path)
    source = loader.get_data(path)
    module = _MODULE(name)
    spec = ModuleSpec(name, loader, origin=path)
    spec.has_location = True
    module.__dict__.update(__spec__=spec, __loader__=loader, __package__="", __file__=path)
    module.__dict__["__cached__"] = spec.cached
    code = compile(source, path, "exec", dont_inherit=True)
    sys.modules[name] = module
    spec._initializing = True  # type: ignore[attr-defined]
    try:
        exec(code, module.__dict__)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    finally:
        spec._initializing = False  # type: ignore[attr-defined]
    return True


def _is_plain(name: str, file: str, folder: str) -> bool:
    """Whether the import system would come to this file, and to its source."""
    if "." in name or name in sys.modules or name in _NOT_OURS or _imp.is_frozen(name):
        return False
    if not _ASKS_THE_PATH or len(sys.meta_path) > _FINDERS:
        return False
    try:
        names = os.listdir(folder)
    except OSError:
        return False
    if file not in names or "__pycache__" in names:
        return False
    # A folder and a compiled extension come before a file.
    return not any(other == name or (other.startswith(name + ".") and other != file) for other in names)
