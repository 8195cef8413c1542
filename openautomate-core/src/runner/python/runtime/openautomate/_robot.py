"""Runs a robot: a package whose ``robot.yaml`` names commands of Python, as those of robocorp-tasks.

The YAML was read when the package was published; what a run needs of it comes as JSON in
``OPENAUTOMATE_ROBOT``. The working directory is a copy of the robot.

The inputs of the execution are the payload of the first work item and, for a task with parameters, its
arguments. Payloads of output work items are the output ``workItems``; their files, and all files in the
folder for artifacts, are artifacts. With ``OPENAUTOMATE_QUEUE`` set, work items are those of that queue
instead: see ``_workitems.py``.
"""

from __future__ import annotations

import json
import os
import sys

from openautomate._errors import ArtifactError, EntrypointError, InputError, OutputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Any

    from openautomate._state import Run

VARIABLE = "OPENAUTOMATE_ROBOT"
MAX_ARTIFACTS = 500
"""More files of one run are left out, with a warning."""

MAX_ITEMS_BYTES = 16 * 1024 * 1024
"""A larger file of output work items becomes an artifact instead of an output."""

_ITEMS = ".work-items"


def run(run: Run) -> None:
    """Runs the task that the input ``task`` names, or the first one."""
    plan = json.loads(os.environ[VARIABLE])
    task, inputs = _chosen(plan["tasks"], dict(run.inputs))
    root = run.package_dir
    artifacts = os.path.join(root, *plan["artifacts"].split("/"))
    os.makedirs(artifacts, exist_ok=True)
    _search(root, plan)
    outgoing = _set_environment(root, artifacts, inputs)
    try:
        _run_python(run, task["arguments"], inputs)
    finally:
        _keep_items(run, outgoing)
        _keep_files(run, artifacts)


def _chosen(tasks: list[dict[str, Any]], inputs: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The task to run, and the inputs without its name. With one task, ``task`` is an input like any."""
    if len(tasks) == 1 or "task" not in inputs:
        return tasks[0], inputs
    wanted = inputs.pop("task")
    for task in tasks:
        if task["name"] == wanted:
            return task, inputs
    names = ", ".join(task["name"] for task in tasks)
    raise InputError(f"the robot has no task {wanted!r}; the input task may be one of: {names}")


def _search(root: str, plan: dict[str, Any]) -> None:
    """Puts the robot's folders first on the ways to modules and programs."""
    folders = [os.path.join(root, *path.split("/")) if path else root for path in plan["pythonPath"]]
    sys.path[:0] = [folder for folder in folders if folder not in sys.path]
    programs = [os.path.join(root, *path.split("/")) if path else root for path in plan["path"]]
    own = os.path.dirname(sys.executable)
    os.environ["PATH"] = os.pathsep.join([*programs, own, os.environ.get("PATH", os.defpath)])
    os.environ["PYTHONPATH"] = os.pathsep.join(folders or [root])


def _set_environment(root: str, artifacts: str, inputs: dict[str, Any]) -> str:
    """Sets what robots expect; returns the path of the file of output work items.

    What the package itself sets wins: it may name another adapter.
    """
    folder = os.path.join(root, _ITEMS)
    incoming, outgoing = (os.path.join(folder, way, "work-items.json") for way in ("in", "out"))
    for path in (incoming, outgoing):
        os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(incoming, "w", encoding="utf-8") as file:
        json.dump([{"payload": inputs or None, "files": {}}], file, ensure_ascii=False)
    on_queue = "OPENAUTOMATE_QUEUE" in os.environ
    for name, value in {
        "ROBOT_ROOT": root,
        "ROBOT_ARTIFACTS": artifacts,
        "RC_WORKITEM_ADAPTER": "openautomate._workitems.QueueAdapter" if on_queue else "FileAdapter",
        "RC_WORKITEM_INPUT_PATH": incoming,
        "RC_WORKITEM_OUTPUT_PATH": outgoing,
        "RPA_WORKITEMS_ADAPTER": "RPA.Robocorp.WorkItems.FileAdapter",
        "RPA_INPUT_WORKITEM_PATH": incoming,
        "RPA_OUTPUT_WORKITEM_PATH": outgoing,
    }.items():
        os.environ.setdefault(name, value)
    return os.environ["RC_WORKITEM_OUTPUT_PATH"]


def _run_python(run: Run, arguments: list[str], inputs: dict[str, Any]) -> None:
    """Does what ``python`` with these arguments does, in this process."""
    if arguments[0] != "-m":
        from openautomate import _entry

        _entry.run_script(run, arguments[0], arguments[1:], shared=False)
    elif arguments[1] in ("robocorp.tasks", "robocorp.tasks.cli"):
        _run_tasks(run, arguments[2:], inputs)
    else:
        import runpy

        sys.argv = [arguments[1], *arguments[2:]]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)


def _run_tasks(run: Run, arguments: list[str], inputs: dict[str, Any]) -> None:
    """Runs ``python -m robocorp.tasks``, and has the exception of a task be that of the run."""
    try:
        from robocorp.tasks import cli, teardown
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("robocorp"):
            raise
        raise EntrypointError(
            "the environment has no robocorp.tasks; name robocorp-tasks in the pip part of the robot's "
            "environment"
        ) from None
    failures: list[BaseException] = []

    def after_task(task: Any) -> None:
        failure = (getattr(task, "exc_info", None) or (None, None, None))[1]
        result = getattr(task, "result", None)
        if failure is not None:
            failures.append(failure)
        elif result is not None:
            run.add_outputs(result if isinstance(result, dict) else {"result": result})

    teardown(after_task)
    if arguments[:1] == ["run"] and "--" not in arguments:
        arguments = [*arguments, *_more_arguments(run.package_dir, inputs, arguments)]
    code = cli.main(arguments, exit=False)
    if failures:
        raise failures[0].with_traceback(_own_part(failures[0].__traceback__, os.path.dirname(cli.__file__)))
    if code:
        raise SystemExit(code)


def _more_arguments(root: str, inputs: dict[str, Any], given: list[str]) -> list[str]:
    """What the command line leaves open: no colours, since nobody looks at a terminal, and the values of a
    task's parameters. Older versions know neither."""
    import inspect

    try:
        from robocorp.tasks import _commands

        known = inspect.signature(_commands.run).parameters
    except (ImportError, AttributeError, TypeError, ValueError):
        return []
    more = []
    if "console_colors" in known and "--console-colors" not in given:
        more += ["--console-colors", "plain"]
    if inputs and "json_input" in known and "--json-input" not in given:
        path = os.path.join(root, _ITEMS, "arguments.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(inputs, file, ensure_ascii=False)
        more += ["--json-input", path]
    return more


def _own_part(traceback: TracebackType | None, framework: str) -> TracebackType | None:
    """The part of a traceback that begins with the robot's own code."""
    first = traceback
    while first is not None:
        if not first.tb_frame.f_code.co_filename.startswith(framework + os.sep):
            return first
        first = first.tb_next
    return traceback


def _keep_items(run: Run, path: str) -> None:
    """Takes the output work items: payloads as an output, files as artifacts."""
    try:
        size = os.path.getsize(path)
    except OSError:
        return
    if size > MAX_ITEMS_BYTES:
        _keep(run, path, "work-items.json")
        return
    try:
        with open(path, encoding="utf-8") as file:
            items = json.load(file)
    except (OSError, ValueError) as error:
        _warn(f"the output work items can't be read: {error}")
        return
    if not isinstance(items, list) or not items:
        return
    try:
        run.add_outputs({"workItems": [item.get("payload") for item in items if isinstance(item, dict)]})
    except OutputError as error:
        _warn(f"the output work items are kept as a file: {error}")
        _keep(run, path, "work-items.json")
    folder = os.path.dirname(path)
    for number, item in enumerate(items, 1):
        files = item.get("files") if isinstance(item, dict) else None
        for name, file in (files or {}).items():
            prefix = f"item-{number}-" if len(items) > 1 else ""
            _keep(run, os.path.join(folder, str(file)), prefix + str(name))


def _keep_files(run: Run, folder: str) -> None:
    """Keeps every file in the folder for artifacts."""
    for count, path in enumerate(_files_below(folder)):
        if count == MAX_ARTIFACTS:
            _warn(f"more than {MAX_ARTIFACTS} files are in the folder for artifacts; the rest is not kept")
            return
        _keep(run, path, os.path.relpath(path, folder))


def _files_below(folder: str) -> Iterator[str]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != _ITEMS)
        for name in sorted(names):
            path = os.path.join(parent, name)
            if os.path.isfile(path) and not os.path.islink(path):
                yield path


def _keep(run: Run, path: str, name: str) -> None:
    """Keeps one file; names have no folders, so ``shots/1.png`` becomes ``shots-1.png``."""
    import mimetypes

    import openautomate

    flat = name.replace(os.sep, "/").strip("/").replace("/", "-")
    try:
        openautomate.artifact(path, flat, mimetypes.guess_type(path)[0])
    except ArtifactError as error:
        _warn(f"{flat} is not kept: {error}")


def _warn(text: str) -> None:
    print(f"openautomate: {text}", file=sys.stderr)
