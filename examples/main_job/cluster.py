"""A PostgreSQL cluster of one's own, in a folder, that may be stopped as a loss of power stops one."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path


class Cluster:
    """Reached by a socket in its folder. PostgreSQL refuses to run as root, who hands it to `postgres`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700)
        if self._is_root():
            shutil.chown(folder, "postgres")
        account = ("--username", "postgres", "--auth", "trust")
        self._run("initdb", "--pgdata", "data", "--encoding", "UTF8", *account)
        self._control("start")

    @property
    def address(self) -> str:
        """How clients reach it."""
        return f"postgres://postgres@{str(self.folder).replace('/', '%2F')}/postgres"

    def crash(self) -> None:
        """Ends it with nothing written that was not written already, and starts it again."""
        self._control("stop", "--mode", "immediate")
        self._control("start")

    def remove(self) -> None:
        """Stops it and removes its folder."""
        self._control("stop", "--mode", "immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _control(self, verb: str, *arguments: str) -> None:
        options = f"-c listen_addresses='' -c unix_socket_directories='{self.folder}'"
        start = ["--options", options, "--log", "log"] if verb == "start" else []
        self._run("pg_ctl", "--pgdata", "data", "--wait", *start, *arguments, verb)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(_binaries() / program), *arguments]
        if self._is_root():
            command = ["runuser", "-u", "postgres", "--", *command]
        # What it starts keeps the output open, so there is none.
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "stdin": subprocess.DEVNULL}
        subprocess.run(command, cwd=self.folder, check=True, timeout=60, **quiet)  # type: ignore[call-overload]

    @staticmethod
    def _is_root() -> bool:
        return os.geteuid() == 0


def _binaries() -> Path:
    """The folder with `initdb`, which on Debian is not on the path; of several versions the newest."""
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    return max(versions, key=lambda path: float(path.parents[1].name)).parent
