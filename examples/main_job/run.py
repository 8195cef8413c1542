"""The main job on real input: server, agent, an automation that reads invoices, a schedule.

`make run` builds everything and starts this. It uses the public API only, so what it does, curl can do.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

from client import ApiError, Client
from installation import ROOT, Installation, StartError, package

AUTOMATIONS = ROOT / "examples" / "automations"


def run_invoices(client: Client, ledgers: Path) -> Any:
    """Runs the invoices automation, shows its log as it comes, and fetches what it made."""
    package_id = package(client, "Invoices to ledger", AUTOMATIONS / "invoices")
    execution = client.call("POST", "/api/executions", {"packageId": package_id})
    print(f"\nexecution {execution['id']} of the package Invoices to ledger:")
    for line in client.follow(execution["id"]):
        print(f"  {line['time'][11:23]} {line['level']:<8} {line['text']}")
    execution = client.wait(execution["id"])
    ledgers.mkdir(parents=True, exist_ok=True)
    for artifact in client.items(f"/api/executions/{execution['id']}/artifacts"):
        path = f"/api/executions/{execution['id']}/artifacts/{artifact['id']}"
        with client.open("GET", path) as answer:
            (ledgers / Path(artifact["name"]).name).write_bytes(answer.read())
    return execution


def schedule_hello(client: Client) -> None:
    """Makes a schedule that greets every minute, where it was not made before."""
    package_id = package(client, "Hello", AUTOMATIONS / "hello")
    if any(item["name"] == "Hello every minute" for item in client.items("/api/schedules")):
        return
    schedule = {
        "name": "Hello every minute",
        "packageId": package_id,
        "cronExpression": "* * * * *",
        "timeZone": "UTC",
        "inputs": {"name": "schedule"},
    }
    client.call("POST", "/api/schedules", schedule)


def invite(client: Client) -> str:
    """A one-time link for an Administrator's account of the reader's own."""
    email = f"you-{int(time.time())}@localhost.localdomain"
    made = client.call("POST", "/api/users/invitations", {"email": email, "roles": ["Administrator"]})
    return f"{client.url}/setup#token={made['token']}&email={email}"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / ".run", help="where the data is kept")
    parser.add_argument("--binaries", type=Path, default=ROOT / "target" / "release")
    parser.add_argument("--python", type=Path, default=Path(sys.executable), help="runs the automations")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--once", action="store_true", help="stop when the job is done")
    return parser.parse_args()


def interrupt(number: int, frame: object) -> None:
    """Ends the program as Ctrl-C does, so that server and agent end with it."""
    raise KeyboardInterrupt


def main() -> int:
    options = arguments()
    # Both, whatever was inherited: a shell has its background jobs ignore the first.
    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, interrupt)
    ledgers = options.folder / "ledger"
    # The interpreter's own path, not where its link leads: that is how it knows its environment.
    python = options.python.absolute()
    installation = Installation(options.folder, options.binaries, python, options.port)
    try:
        client = installation.start_server()
        installation.start_agent(client)
        print(f"server and agent are up; their logs are in {options.folder}")
        execution = run_invoices(client, ledgers)
        print(f"\nit ended as {execution['state']}; its outputs:")
        print(json.dumps(execution["outputs"], indent=2, ensure_ascii=False))
        schedule_hello(client)
        print(f"\n  server     {client.url}   (API: {client.url}/api/docs/)")
        print(f"  sign up    {invite(client)}   (one-time link)")
        print(f"  ledger     {ledgers / 'ledger.xlsx'}")
        print("  schedule   Hello every minute")
        if execution["state"] != "Succeeded":
            return 1
        if not options.once:
            print("\nCtrl-C stops server and agent; the data stays for the next time.", flush=True)
            while installation.server and installation.server.poll() is None:
                time.sleep(0.5)
            print("error: the server has stopped; see server.log", file=sys.stderr)
            return 1
    except (StartError, ApiError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopping")
    finally:
        installation.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
