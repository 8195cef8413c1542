"""What the agent starts, by its path: ``python _runner.py <mode> [<preload>…] <channel>``.

The mode is ``run`` for a run that is known, ``wait`` for one that is not, and ``zygote``.

Started as a file and not by ``-m``, which costs several milliseconds. Imports as little as it can: how long
this file takes is how long every execution takes to begin.
"""

import os
import sys

CANNOT_WAIT = 71
"""The exit code where the native bridge is missing: without it a process can't take over a run's mark."""


class _LoggingHook:
    """Installs our handler when ``logging`` is first imported: importing it up front takes too long."""

    def find_spec(self, name, path=None, target=None):  # type: ignore[no-untyped-def]
        """Finds ``logging`` as usual and has the handler follow it."""
        if name != "logging":
            return None
        from _frozen_importlib_external import PathFinder

        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(name)
        if spec is None or spec.loader is None:
            return spec
        loader = spec.loader
        execute = loader.exec_module

        def exec_module(module):  # type: ignore[no-untyped-def]
            execute(module)
            del loader.exec_module
            _install_logging()

        loader.exec_module = exec_module
        return spec


def _install_logging() -> None:
    from openautomate import _logging

    _logging.install()


def _hook_logging() -> None:
    if "logging" in sys.modules:
        _install_logging()
    else:
        sys.meta_path.insert(0, _LoggingHook())


def search_in(package_dir: str) -> None:
    """Makes the package the first place to import from, and has no bytecode written into it."""
    from openautomate import _plain

    def hook(path):  # type: ignore[no-untyped-def]
        if path != package_dir and not path.startswith(package_dir + os.sep):
            raise ImportError("not in the package")
        return _plain.find_in_package(path)

    sys.path_hooks.insert(0, hook)
    src = os.path.join(package_dir, "src")
    sys.path[:0] = [package_dir, src] if os.path.isdir(src) else [package_dir]


def main() -> int:
    """Runs one automation; returns the exit code of the process."""
    mode, *preload, channel = sys.argv[1:]
    del sys.argv[1:]
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    # Ours go first only until they are loaded; the package and its environment follow.
    sys.path[0] = root
    from openautomate import _streams

    _streams.install()
    import _signal

    _signal.signal(_signal.SIGINT, _signal.default_int_handler)
    _hook_logging()
    try:
        from openautomate import _openautomate as bridge
    except ImportError:
        if mode != "run":
            return CANNOT_WAIT
        from openautomate import _fallback as bridge  # type: ignore[no-redef]
    from openautomate import _convert, _end, _entry  # noqa: F401

    if mode != "run":
        # Who waits has the time.
        from openautomate import _inputs  # noqa: F401

    # At the end it is still found by a process that the automation starts with this path.
    sys.path.append(sys.path.pop(0))
    if mode == "zygote":
        from openautomate import _zygote

        bridge.become_zygote()
        _zygote.serve(int(channel.partition(":")[2]), preload, bridge.become_run, bridge.fill_holes)
        channel = "fd:3"
    code = bridge.run(channel, search_in)
    try:
        return _end.end(code, bridge.leave, os.sep)
    except:  # noqa: E722 - of what an automation can do to the interpreter, this may have no name left
        return code  # type: ignore[no-any-return]


if __name__ == "__main__":
    sys.exit(main())
