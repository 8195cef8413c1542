"""Runs the entry point of an automation and tells how it ended.

This is the one place that knows what inputs, outputs and failures mean in Python; the native bridge, the
pure Python one and the in-process runner all call ``execute``.
"""

from __future__ import annotations

import os
import sys

from openautomate import _plain, _state, _streams
from openautomate._errors import EntrypointError, InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Any

MAX_TEXT = 60_000
"""Messages and tracebacks are cut to about this many characters."""

MAX_FRAMES = 100
"""At most this many frames of a traceback are told one by one, the innermost ones."""

_OWN = os.path.dirname(os.path.abspath(__file__)) + os.sep
_PLAIN = (type, str)
_PLAIN_TYPES: dict[Any, type] = {
    key: kind for kind in (str, int, float, bool, list, dict) for key in (kind, kind.__name__)
}
_VARIADIC_KEYWORDS = 0x08
_COROUTINE = 0x80


def execute(
    host: _state.Host, entrypoint: str, package_dir: str, inputs: Mapping[str, Any], shared: bool
) -> dict[str, Any]:
    """Runs an automation to its end; never raises for what it does.

    Args:
        host: Whom the run talks to.
        entrypoint: ``module:function``, ``script.py`` or ``robot.yaml``.
        package_dir: The unpacked package.
        inputs: The inputs by name.
        shared: Whether other runs share the process.

    Returns:
        ``succeeded``, ``outputs``, ``error`` (or None) and ``exit_code``.
    """
    run = _state.Run(host, inputs, package_dir)
    if shared:
        _state.in_context.set(run)
    else:
        _state.of_process = run
    error, exit_code = None, 0
    try:
        host.started()
        if ":" in entrypoint:
            _call(run, entrypoint)
        elif entrypoint == "robot.yaml":
            from openautomate import _robot

            _robot.run(run)
        else:
            run_script(run, entrypoint, [], shared)
    except SystemExit as stop:
        exit_code, error = _stopped(stop)
    except BaseException as raised:
        exit_code, error = 1, raised
    if error is not None and run.items:
        from openautomate import _queue

        _queue.fail_open(run, error)
    if error is not None and not shared and os.environ.get("OPENAUTOMATE_EVIDENCE") == "1":
        from openautomate import _evidence

        _evidence.keep_failure(run, error, _first_frame(error.__traceback__))
    if not shared:
        _ignore_interrupts()
        _streams.flush()
    failure = None if error is None else _failure(error, package_dir, exit_code)
    return {
        "succeeded": failure is None,
        "outputs": run.outputs,
        "error": failure,
        "exit_code": exit_code,
    }


def _call(run: _state.Run, entrypoint: str) -> None:
    function = _function(entrypoint, run.package_dir)
    value = function(**_arguments(function, entrypoint, run.inputs))
    if type(value).__name__ == "coroutine" and hasattr(value, "cr_await"):
        import asyncio

        value = asyncio.run(value)
    if value is None:
        return
    run.add_outputs(value if isinstance(value, dict) else {"result": value})


def _function(entrypoint: str, package_dir: str) -> Callable[..., Any]:
    module, _, name = entrypoint.partition(":")
    try:
        if not _plain.load(module, package_dir):
            __import__(module)
    except ModuleNotFoundError as error:
        # A module that the automation itself lacks is its own failure.
        if error.name is None or not (module + ".").startswith(error.name + "."):
            raise
        raise EntrypointError(
            f"the package has no module {error.name}; correct the entry point {entrypoint}"
        ) from None
    try:
        function = getattr(sys.modules[module], name)
    except AttributeError:
        raise EntrypointError(
            f"the module {module} has no function {name}; correct the entry point {entrypoint}"
        ) from None
    if not callable(function):
        raise EntrypointError(f"{entrypoint} is no function; correct the entry point")
    return function  # type: ignore[no-any-return]


def _arguments(function: Callable[..., Any], entrypoint: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Checks the inputs against the signature, so that the message speaks of inputs."""
    takes, needs, takes_any = _signature(function)
    if not takes_any:
        unknown = [name for name in inputs if name not in takes]
        if unknown:
            known = ", ".join(takes) or "none"
            raise InputError(f"{entrypoint} does not take the input {', '.join(unknown)}; it takes: {known}")
    missing = [name for name in needs if name not in inputs]
    if missing:
        raise InputError(f"{entrypoint} needs the input {', '.join(missing)}; give it a value")
    if _are_plain(function, inputs):
        return dict(inputs)
    from openautomate import _inputs

    return _inputs.arguments(function, inputs)


def _are_plain(function: Callable[..., Any], inputs: Mapping[str, Any]) -> bool:
    """Whether all inputs are already what their annotations say: most are, and pay for nothing more."""
    annotations = getattr(function, "__annotations__", None)
    if not annotations:
        return True
    for name, value in inputs.items():
        if name not in annotations:
            continue
        annotation = annotations[name]
        # Others than these may have no hash.
        if type(annotation) not in _PLAIN or _PLAIN_TYPES.get(annotation) is not type(value):
            return False
    return True


def _signature(function: Callable[..., Any]) -> tuple[list[str], list[str], bool]:
    """The names that a function takes by keyword, those that it needs, and whether it takes any."""
    code = getattr(function, "__code__", None)
    if code is None or hasattr(function, "__wrapped__") or hasattr(function, "__self__"):
        return _inspected(function)
    count, only = code.co_argcount, code.co_kwonlyargcount
    names = list(code.co_varnames[: count + only])
    defaults = len(function.__defaults__ or ())  # type: ignore[attr-defined]
    keyword_defaults = function.__kwdefaults__ or {}  # type: ignore[attr-defined]
    needs = names[: count - defaults] + [n for n in names[count:] if n not in keyword_defaults]
    return names[code.co_posonlyargcount :], needs, bool(code.co_flags & _VARIADIC_KEYWORDS)


def _inspected(function: Callable[..., Any]) -> tuple[list[str], list[str], bool]:
    import inspect

    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return [], [], True
    keyword = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    takes = [p.name for p in parameters if p.kind in keyword]
    needs = [p.name for p in parameters if p.kind in keyword and p.default is p.empty]
    return takes, needs, any(p.kind is p.VAR_KEYWORD for p in parameters)


def run_script(run: _state.Run, entrypoint: str, arguments: list[str], shared: bool) -> None:
    """Runs a script as ``python script.py`` does."""
    path = os.path.join(run.package_dir, *entrypoint.split("/"))
    try:
        with open(path, "rb") as file:
            source = file.read()
    except OSError as error:
        raise EntrypointError(
            f"the script {entrypoint} can't be read: {error.strerror}; correct the entry point"
        ) from None
    code = compile(source, path, "exec", dont_inherit=True)
    module = type(sys)("__main__")
    module.__dict__.update(__file__=path, __cached__=None, __builtins__=__builtins__)
    if not shared:
        folder = os.path.dirname(path)
        if folder not in sys.path:
            sys.path.insert(0, folder)
        sys.argv = [path, *arguments]
        sys.modules["__main__"] = module
    try:
        exec(code, module.__dict__)
    finally:
        # Its threads may still need the globals.
        run.script = module  # type: ignore[attr-defined]


def _stopped(stop: SystemExit) -> tuple[int, SystemExit | None]:
    if stop.code is None or stop.code == 0:
        return 0, None
    if isinstance(stop.code, int):
        return stop.code, stop
    try:
        if sys.stderr is not None:
            print(stop.code, file=sys.stderr)
    except BaseException:
        pass  # its text and the stream are the automation's, and may raise anything
    return 1, stop


def _ignore_interrupts() -> None:
    """From here on a cancel comes too late; one that is already on its way must not break the end."""
    import _signal

    while True:
        try:
            _signal.signal(_signal.SIGINT, _signal.SIG_IGN)
            return
        except KeyboardInterrupt:
            continue
        except (OSError, ValueError):
            return


def _failure(error: BaseException, package_dir: str, exit_code: int) -> dict[str, Any]:
    kind = type.__getattribute__(type(error), "__name__")
    try:
        # The text is made by code of the automation, which may raise anything.
        if isinstance(error, SystemExit):
            told = "" if isinstance(error.code, int) else f": {error.code}"
            message = f"the automation exited with the code {exit_code}{told}"
        else:
            message = str(error)
    except BaseException:
        message = f"{kind}, whose text can't be told"
    first = _first_frame(error.__traceback__)
    return {
        "kind": kind,
        "message": _cut(message),
        "traceback": _traceback(error, first),
        "frames": _frames(first, package_dir),
    }


def _first_frame(traceback: TracebackType | None) -> TracebackType | None:
    """The first frame of the automation: ours and those of the import machinery are left out."""
    while traceback is not None:
        file = traceback.tb_frame.f_code.co_filename
        if not file.startswith((_OWN, "<frozen importlib")):
            return traceback
        traceback = traceback.tb_next
    return None


def _traceback(error: BaseException, first: TracebackType | None) -> str | None:
    try:
        # The import fails where the automation has no file left to open.
        import traceback

        return _cut("".join(traceback.format_exception(type(error), error, first)))
    except BaseException:
        return None


def _frames(first: TracebackType | None, package_dir: str) -> list[tuple[str, int, str]]:
    frames = []
    while first is not None:
        code = first.tb_frame.f_code
        file = code.co_filename
        if file.startswith(package_dir + os.sep):
            file = file[len(package_dir) + 1 :].replace(os.sep, "/")
        frames.append((file, first.tb_lineno or 0, code.co_name))
        if len(frames) > 2 * MAX_FRAMES:
            del frames[:MAX_FRAMES]
        first = first.tb_next
    return frames[-MAX_FRAMES:]


def _cut(text: str) -> str:
    """The beginning and the end of a long text: the end is where the exception stands."""
    text = _state.readable(text)
    if len(text) <= MAX_TEXT:
        return text
    return f"{text[: MAX_TEXT // 3]}\n… [cut]\n{text[-MAX_TEXT // 3 * 2 :]}"


def take_place(marker: str, mark: str, work_dir: str, env: Mapping[str, str]) -> None:
    """Takes over what a process that was started for no run in particular lacks."""
    # One by one: `update` asks what kind of a mapping it gets, which takes longer than the rest.
    for name, value in env.items():
        os.environ[name] = value
    os.environ[marker] = mark
    os.chdir(work_dir)


def use_temporary_folder(work_dir: str) -> None:
    """Has temporary files lie in the working folder: a confined run may write nowhere else."""
    folder = os.path.join(work_dir, ".tmp")
    os.makedirs(folder, exist_ok=True)
    os.environ.update(TMPDIR=folder, TEMP=folder, TMP=folder)


def leave_at_fork(*descriptors: int) -> None:
    """A forked process is not the run: it must not write into the channel."""
    if not hasattr(os, "register_at_fork"):
        return

    def leave() -> None:
        _state.of_process = None
        empty = os.open(os.devnull, os.O_RDWR)
        for descriptor in set(descriptors):
            os.dup2(empty, descriptor, inheritable=False)
        os.close(empty)

    os.register_at_fork(after_in_child=leave)
