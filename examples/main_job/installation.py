"""An installation on this machine: one server and one agent, as processes, with their data in a folder."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
import zipfile
from io import BytesIO
from pathlib import Path

from client import ApiError, Client

ROOT = Path(__file__).resolve().parents[2]
ADMIN = "quickstart"
SUFFIX = ".exe" if os.name == "nt" else ""
SKIPPED = {"__pycache__", "tests", ".pytest_cache", ".mypy_cache", ".ruff_cache"}


class StartError(Exception):
    """A process did not start; the message has what it said."""


def pack(folder: Path) -> bytes:
    """The zip of a package folder."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not SKIPPED.intersection(path.relative_to(folder).parts):
                archive.write(path, path.relative_to(folder).as_posix())
    return buffer.getvalue()


class Installation:
    """Starts, kills and restarts the processes; keeps the quickstart account's password in the folder."""

    def __init__(
        self, folder: Path, binaries: Path, python: Path, port: int = 0, lease_ttl: int = 60, nats: str = ""
    ) -> None:
        """With the address of a NATS, the agent reaches the server by way of that and in no other."""
        self.nats = nats
        self.server_key = ""
        self.folder = folder
        self.binaries = binaries
        self.python = python
        # Agents know their server by its address, so a port that was chosen once is kept with the data.
        self.port_file = folder / "port"
        self.port = int(self.port_file.read_text()) if port == 0 and self.port_file.exists() else port
        self.lease_ttl = lease_ttl
        self.url = ""
        self.server: subprocess.Popen[str] | None = None
        self.agent: subprocess.Popen[str] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    def password(self) -> str:
        path = self.folder / "quickstart-password"
        if not path.exists():
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(18))
        return path.read_text()

    def _spawn(self, name: str, *arguments: str, **env: str) -> subprocess.Popen[str]:
        program = self.binaries / f"openautomate-{name}{SUFFIX}"
        # A session of its own: Ctrl-C at the terminal reaches this program, which stops the two in order.
        with open(self.folder / f"{name}.log", "a") as log:
            return subprocess.Popen(
                [str(program), *arguments],
                stdout=log if name == "agent" else subprocess.PIPE,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env=os.environ | env,
                text=True,
                start_new_session=True,
            )

    def start_server(self) -> Client:
        """Starts the server and signs in; its port stays the same over restarts."""
        self.server = self._spawn(
            "server",
            "serve",
            "--data-dir",
            str(self.folder / "server"),
            "--listen",
            f"127.0.0.1:{self.port}",
            "--lease-ttl",
            str(self.lease_ttl),
            OPENAUTOMATE_NATS=self.nats,
            OPENAUTOMATE_ADMIN_USERNAME=ADMIN,
            OPENAUTOMATE_ADMIN_EMAIL=f"{ADMIN}@localhost.localdomain",
            OPENAUTOMATE_ADMIN_PASSWORD=self.password(),
        )
        assert self.server.stdout is not None
        said = []
        for line in self.server.stdout:
            said.append(line.strip())
            if "--server-key " in line:
                self.server_key = line.split("--server-key ", 1)[1].strip()
            if "listening on " in line:
                self.url = line.split("listening on ", 1)[1].strip()
                break
        else:
            text = (self.folder / "server.log").read_text().strip().splitlines()[-5:]
            raise StartError("the server did not start:\n" + "\n".join(said + text))
        self.port = int(self.url.rsplit(":", 1)[1])
        self.port_file.write_text(str(self.port))
        self._until(f"{self.url}/readyz")
        client = Client(self.url)
        client.login(ADMIN, self.password())
        return client

    def _until(self, url: str) -> None:
        for _ in range(200):
            try:
                urllib.request.urlopen(url, timeout=5).close()
                return
            except (urllib.error.URLError, OSError):
                time.sleep(0.02)
        raise StartError(f"{url} does not answer")

    def start_agent(
        self, client: Client, slots: int = 2, name: str = "quickstart-agent", watch: Path | None = None
    ) -> None:
        """Enrols an agent, where that was not done before, and starts it; it may watch below one folder."""
        data = self.folder / "agent"
        if not (data / "agent.json").exists():
            token = client.call("POST", "/api/agents/enrolment-tokens", {})["token"]
            server = [self.nats, "--server-key", self.server_key] if self.nats else [self.url]
            enrol = [str(self.binaries / f"openautomate-agent{SUFFIX}"), "enrol", "--server", *server]
            enrol += ["--name", name, "--data-dir", str(data)]
            done = subprocess.run(enrol, input=token, capture_output=True, text=True)
            # By way of NATS nobody may listen yet.
            for _ in range(50 if self.nats else 0):
                if done.returncode == 0:
                    break
                time.sleep(0.1)
                done = subprocess.run(enrol, input=token, capture_output=True, text=True)
            if done.returncode != 0:
                raise StartError(f"the agent could not enrol: {done.stderr.strip()}")
        run = ["run", "--data-dir", str(data), "--slots", str(slots), "--python", str(self.python)]
        run += ["--watch-root", str(watch)] if watch else []
        self.agent = self._spawn("agent", *run)
        end = time.monotonic() + 30
        while not any(one["connected"] and one["name"] == name for one in client.items("/api/agents")):
            if self.agent.poll() is not None or time.monotonic() > end:
                text = (self.folder / "agent.log").read_text().strip().splitlines()[-5:]
                raise StartError("the agent did not connect:\n" + "\n".join(text))
            time.sleep(0.02)

    def kill_server(self) -> None:
        """Kills the server without warning."""
        assert self.server is not None
        self.server.kill()
        self.server.wait()

    def environments_with(self, distribution: str) -> int:
        """How many of the agent's environments hold a distribution, as its folder is named."""
        folders = [one for one in (self.folder / "agent" / "environments").iterdir() if one.is_dir()]
        made = [one for one in folders if one.name != "uv-cache"]
        return sum(any(one.glob(f"**/{distribution}-*.dist-info")) for one in made)

    def kill_agent(self) -> None:
        """Kills the agent without warning."""
        assert self.agent is not None
        self.agent.kill()
        self.agent.wait()

    def stop(self) -> None:
        """Stops both, the agent first."""
        for process in (self.agent, self.server):
            if process is None or process.poll() is not None:
                continue
            process.send_signal(signal.SIGTERM if os.name != "nt" else signal.SIGBREAK)  # type: ignore[attr-defined]
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def remove(self) -> None:
        """Removes the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)


def package(client: Client, name: str, folder: Path) -> str:
    """The id of a package whose active version is the content of a folder; made and published if need be."""
    found = [item for item in client.items("/api/packages") if item["name"] == name]
    one = found[0] if found else client.call("POST", "/api/packages", {"name": name})
    try:
        client.publish(one["id"], pack(folder))
    except ApiError as error:
        if error.problem.get("code") != "version.exists":
            raise
    return str(one["id"])
