"""A version on its way from testing to production, through the public API: run in testing, asked for by
one person, agreed to by another, and taken back.

Run it against a server that is up, with the access tokens of two people who may deploy, the id of a package,
and the zip of a new version:

    python examples/promotion/promote.py http://127.0.0.1:8080 TOKEN OTHER_TOKEN PACKAGE_ID version.zip
"""

from __future__ import annotations

import json
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

ENDED = {"Succeeded", "Failed", "Cancelled", "TimedOut"}


class Person:
    """Somebody who is signed in."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.token = token

    def call(self, method: str, path: str, body: Any = None, archive: bytes | None = None) -> Any:
        """Asks the server; gives its answer."""
        request = urllib.request.Request(self.url + path, method=method)
        request.add_header("Authorization", f"Bearer {self.token}")
        data = archive
        if archive is not None:
            request.add_header("Content-Type", "application/zip")
        elif body is not None:
            request.add_header("Content-Type", "application/json")
            data = json.dumps(body).encode()
        with urllib.request.urlopen(request, data, timeout=30) as answer:
            return json.loads(answer.read() or b"null")

    def environment(self, name: str) -> dict[str, Any]:
        """The environment with this name."""
        items = self.call("GET", "/api/environments")["items"]
        return next(item for item in items if item["name"] == name)

    def guard(self, name: str) -> None:
        """From now on nothing is deployed in this environment that somebody else has not agreed to."""
        self.call("PUT", f"/api/environments/{self.environment(name)['id']}", {"fourEyes": True})

    def publish(self, package_id: str, archive: bytes, environment: str) -> dict[str, Any]:
        """Publishes a version and makes it the active one of one environment, and of no other."""
        place = urllib.parse.urlencode({"environmentId": self.environment(environment)["id"]})
        path = f"/api/packages/{package_id}/versions?{place}"
        version: dict[str, Any] = self.call("POST", path, archive=archive)
        return version

    def run(self, package_id: str, environment: str, seconds: float = 60) -> dict[str, Any]:
        """Runs the version that is active in an environment; gives the execution at its end."""
        asked = {"packageId": package_id, "environmentId": self.environment(environment)["id"], "inputs": {}}
        execution: dict[str, Any] = self.call("POST", "/api/executions", asked)
        until = time.monotonic() + seconds
        while execution["state"] not in ENDED:
            if time.monotonic() > until:
                reasons = self.call("GET", f"/api/executions/{execution['id']}/explain")["reasons"]
                raise TimeoutError("; ".join(reason["message"] for reason in reasons))
            time.sleep(0.1)
            execution = self.call("GET", f"/api/executions/{execution['id']}")
        return execution

    def promote(self, package_id: str, source: str, target: str) -> dict[str, Any]:
        """Asks for the version of one environment in another."""
        there = {"from": self.environment(source)["id"], "to": self.environment(target)["id"]}
        rollout: dict[str, Any] = self.call("POST", f"/api/packages/{package_id}/promote", there)
        return rollout

    def agree(self, rollout: dict[str, Any], comment: str) -> dict[str, Any]:
        """Agrees to what somebody else asked for."""
        path = f"/api/rollouts/{rollout['id']}/approve"
        done: dict[str, Any] = self.call("POST", path, {"comment": comment})
        return done

    def roll_back(self, package_id: str, environment: str) -> dict[str, Any]:
        """Asks for the version that was active before."""
        place = {"environmentId": self.environment(environment)["id"]}
        rollout: dict[str, Any] = self.call("POST", f"/api/packages/{package_id}/rollback", place)
        return rollout

    def history(self, package_id: str, environment: str) -> list[dict[str, Any]]:
        """Every rollout of a package in an environment, the latest first."""
        query = {
            "packageId": package_id,
            "environmentId": self.environment(environment)["id"],
            "limit": "100",
        }
        found: list[dict[str, Any]] = []
        while True:
            page = self.call("GET", f"/api/rollouts?{urllib.parse.urlencode(query)}")
            found += page["items"]
            if not page.get("next"):
                return found
            query["cursor"] = page["next"]


def told(rollout: dict[str, Any]) -> str:
    """A rollout as a line of the history."""
    asked = f"{rollout['requestedAt'][:19]}  {rollout['kind']:<9} asked for by {rollout['requestedById']}"
    decided = f"{rollout['state']} by {rollout['decidedById'] or 'nobody yet'}"
    return f"{asked}, {decided}  {rollout['comment']}".rstrip()


def bring(asks: Person, agrees: Person, package_id: str, archive: bytes) -> dict[str, Any]:
    """Brings a version to testing, and from there to production if it runs; gives the rollout."""
    asks.guard("production")
    version = asks.publish(package_id, archive, "testing")
    print("published:", version["versionNumber"])
    execution = asks.run(package_id, "testing")
    print("ran in testing:", execution["state"])
    if execution["state"] != "Succeeded":
        raise SystemExit("the version does not run in testing; production keeps the one it has")
    rollout = asks.promote(package_id, "testing", "production")
    print("asked for in production:", rollout["state"])
    rollout = agrees.agree(rollout, f"ran well in testing: {execution['id']}")
    print("agreed to:", rollout["state"])
    return rollout


if __name__ == "__main__":
    address, token, other_token, package, path = sys.argv[1:]
    first, second = Person(address, token), Person(address, other_token)
    bring(first, second, package, Path(path).read_bytes())
    for line in map(told, first.history(package, "production")):
        print(line)
