"""A schedule with catch-up, through the public API: what was missed while no server ran is made up for.

Run it against a server that is up, with an access token and the id of a package that has an active version:

    python examples/schedules/catch_up.py http://127.0.0.1:8080 TOKEN PACKAGE_ID
"""

from __future__ import annotations

import json
import sys
import urllib.request
from typing import Any

SCHEDULE = {
    "name": "Hourly report, none left out",
    "cronExpression": "0 * * * *",
    "timeZone": "Europe/Berlin",
    # Every missed due time of the last day runs, oldest first, at most 24 of them.
    "misfire": "all",
    "maxCatchup": 24,
    "catchupWindowMs": 24 * 3_600 * 1_000,
    # One at a time: while a run takes longer than an hour, one due time waits for it.
    "overlap": "queueOne",
    # After three failures in a row it rests, until somebody has looked.
    "pauseAfterFailures": 3,
}


def call(url: str, token: str, method: str, path: str, body: Any = None) -> Any:
    """Asks the server; gives its answer."""
    request = urllib.request.Request(url + path, method=method)
    request.add_header("Authorization", f"Bearer {token}")
    data = None
    if body is not None:
        request.add_header("Content-Type", "application/json")
        data = json.dumps(body).encode()
    with urllib.request.urlopen(request, data, timeout=30) as answer:
        return json.loads(answer.read() or b"null")


def make(url: str, token: str, package_id: str, **changes: Any) -> dict[str, Any]:
    """Makes the schedule, after looking at when it would be due."""
    schedule = {**SCHEDULE, "packageId": package_id, **changes}
    to_try = {key: schedule[key] for key in ("cronExpression", "timeZone")}
    preview = call(url, token, "POST", "/api/schedules/preview", {**to_try, "count": 3})
    print("due next:", ", ".join(preview["dueTimes"]))
    made: dict[str, Any] = call(url, token, "POST", "/api/schedules", schedule)
    for warning in made["warnings"]:
        print("note:", warning["message"])
    return made


def history(url: str, token: str, schedule_id: str) -> list[dict[str, Any]]:
    """What became of every due time so far, the latest first."""
    found: list[dict[str, Any]] = []
    before: str | None = None
    while True:
        query = "?limit=200" + (f"&before={before}" if before else "")
        page = call(url, token, "GET", f"/api/schedules/{schedule_id}/firings{query}")
        found += page["items"]
        before = page["next"]
        if before is None:
            return found


if __name__ == "__main__":
    address, access_token, package = sys.argv[1:]
    scheduled = make(address, access_token, package)
    print("made:", scheduled["id"])
    for hold in call(address, access_token, "GET", f"/api/schedules/{scheduled['id']}/explain")["holds"]:
        print("holds it back:", hold["kind"])
