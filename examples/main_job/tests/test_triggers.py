"""Webhook, chain, children and approval through the public API, with a real server and a real agent."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
import urllib.error
import urllib.request
from typing import Any

import pytest
from client import ApiError, Client
from installation import ROOT, Installation, package

TRIGGERS = ROOT / "examples" / "triggers"


def published(client: Client, *names: str) -> list[str]:
    """The ids of example packages."""
    return [package(client, name, TRIGGERS / name) for name in names]


def until(what: str, found: Any, seconds: float = 60) -> Any:
    """Waits until something is found."""
    end = time.monotonic() + seconds
    while True:
        if (value := found()) is not None:
            return value
        assert time.monotonic() < end, what
        time.sleep(0.05)


def executions(client: Client, package_id: str) -> list[dict[str, Any]]:
    """The executions of a package."""
    return list(client.items(f"/api/executions?packageId={package_id}"))


def first(client: Client, package_id: str) -> dict[str, Any]:
    """The first execution of a package, once it has ended."""
    found = until("no execution", lambda: next(iter(executions(client, package_id)), None))
    ended: dict[str, Any] = client.wait(found["id"])
    return ended


def send(
    client: Client, path: str, secret: str, body: bytes, timestamp: int | None = None
) -> tuple[int, Any]:
    """Signs and sends a webhook, as another program does; returns status and answer."""
    stamp = str(int(time.time()) if timestamp is None else timestamp)
    mac = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256)
    headers = {
        "Content-Type": "application/json",
        "X-OpenAutomate-Timestamp": stamp,
        "X-OpenAutomate-Signature": f"sha256={mac.hexdigest()}",
    }
    request = urllib.request.Request(client.url + path, data=body, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def test_a_webhook_runs_a_package(client: Client) -> None:
    (order,) = published(client, "order")
    trigger = client.call(
        "POST",
        "/api/triggers",
        {
            "name": "orders of the shop",
            "packageId": order,
            "source": {"kind": "webhook"},
            "mapping": {"number": "/order/number", "total": "/order/lines/0/total"},
        },
    )
    body = json.dumps({"order": {"number": "A-7", "lines": [{"total": 12.5}]}}).encode()
    now = int(time.time())
    status, answer = send(client, trigger["hookPath"], trigger["secret"], body, now)
    assert status == 202, answer
    ended = client.wait(answer["executionId"])
    assert ended["state"] == "Succeeded" and ended["outputs"] == {"confirmed": "A-7"}
    assert [line["text"] for line in client.follow(ended["id"])] == ["order A-7 over 12.50 EUR"]
    assert send(client, trigger["hookPath"], trigger["secret"], body, now)[0] == 409
    assert send(client, trigger["hookPath"], "guessed", body)[0] == 401
    assert send(client, trigger["hookPath"], trigger["secret"], body, now - 3600)[0] == 401
    assert len(executions(client, order)) == 1


def test_three_packages_are_chained(installation: Installation, client: Client) -> None:
    extract, check, post = published(client, "extract", "check", "post")
    for source, target, more in ((extract, check, {}), (check, post, {"account": "1200"})):
        body = {
            "name": "chain",
            "packageId": target,
            "source": {"kind": "executionFinished", "packageId": source, "on": "success"},
            "mapping": {"total": "/outputs/total"},
            "inputs": more,
        }
        client.call("POST", "/api/triggers", body)
    with pytest.raises(ApiError) as refused:
        cycle = {"kind": "executionFinished", "packageId": post}
        client.call("POST", "/api/triggers", {"name": "cycle", "packageId": extract, "source": cycle})
    assert "post -> extract -> check -> post" in refused.value.problem["detail"]
    made = client.call("POST", "/api/executions", {"packageId": extract, "inputs": {"text": "total 99.50"}})
    booked = first(client, post)
    assert booked["outputs"] == {"booked": "99.50 on 1200"}
    assert booked["origin"]["after"] == executions(client, check)[0]["id"]
    # A server that is killed right after an end chains it when it is there again.
    client.call("POST", "/api/executions", {"packageId": extract, "inputs": {"text": "total 1"}})
    installation.kill_server()
    again = installation.start_server()
    until("the second chain", lambda: len(executions(again, post)) == 2 or None)
    for one in (extract, check, post):
        assert [again.wait(item["id"])["state"] for item in executions(again, one)] == ["Succeeded"] * 2
    # What fails ends the chain.
    client.call("POST", "/api/executions", {"packageId": extract, "inputs": {"text": "total -1"}})
    failed = until("the third check", lambda: len(executions(again, check)) == 3 or None)
    assert failed and again.wait(executions(again, check)[0]["id"])["state"] == "Failed"
    assert len(executions(again, post)) == 2 and made["id"]


@pytest.mark.parametrize(("slots", "limit"), [(1, 0), (4, 1)])
def test_one_place_is_enough_for_a_parent_and_its_children(
    installation: Installation, slots: int, limit: int
) -> None:
    client = installation.start_server()
    installation.start_agent(client, slots=slots)
    (environment,) = [one for one in client.call("GET", "/api/environments")["items"] if one["isDefault"]]
    limited = {"maxConcurrent": limit, "revision": environment["revision"]}
    client.call("PUT", f"/api/environments/{environment['id']}", limited)
    _, month_end = published(client, "check", "month-end")
    parents = [
        client.call("POST", "/api/executions", {"packageId": month_end, "inputs": {"totals": [1, 2.5, -1]}})
        for _ in range(3)
    ]
    for parent in parents:
        ended = client.wait(parent["id"], seconds=120)
        assert ended["state"] == "Succeeded", ended["error"]
        assert ended["outputs"]["sum"] == 3.5 and len(ended["outputs"]["refused"]) == 1
        children = client.call("GET", f"/api/executions/{parent['id']}/children")["items"]
        assert [child["state"] for child in children] == ["Succeeded", "Succeeded", "Failed"]


def test_a_payment_waits_for_its_approval(installation: Installation, client: Client) -> None:
    (payment,) = published(client, "payment")
    inputs = {"receiver": "Ada", "amount": 12_000}
    made = client.call("POST", "/api/executions", {"packageId": payment, "inputs": inputs})
    waits = client.wait(made["id"], states={"Waiting", "Failed"})
    assert waits["state"] == "Waiting", waits["error"]
    (approval,) = client.items("/api/approvals?state=waiting")
    assert approval["executionId"] == made["id"] and approval["data"] == inputs
    # Nothing is lost by a restart of both, and nothing wakes it.
    installation.kill_server()
    installation.kill_agent()
    client = installation.start_server()
    installation.start_agent(client)
    assert client.call("GET", f"/api/executions/{made['id']}")["state"] == "Waiting"
    client.call("POST", f"/api/approvals/{approval['id']}/answer", {"approve": True, "comment": "as agreed"})
    ended = client.wait(made["id"])
    assert ended["state"] == "Succeeded", ended["error"]
    assert ended["outputs"] == {"paid": 12_000, "approvedBy": "quickstart", "comment": "as agreed"}
    assert [attempt["state"] for attempt in ended["attempts"]] == ["succeeded", "succeeded"]
    refused = client.call("POST", "/api/executions", {"packageId": payment, "inputs": inputs})
    client.wait(refused["id"], states={"Waiting"})
    (approval,) = client.items("/api/approvals?state=waiting")
    client.call("POST", f"/api/approvals/{approval['id']}/answer", {"approve": False})
    ended = client.wait(refused["id"])
    assert (ended["state"], ended["error"]["kind"]) == ("Failed", "ApprovalRejected")
    cancelled = client.call("POST", "/api/executions", {"packageId": payment, "inputs": inputs})
    client.wait(cancelled["id"], states={"Waiting"})
    client.call("POST", f"/api/executions/{cancelled['id']}/cancel")
    assert client.wait(cancelled["id"])["state"] == "Cancelled"
    until(
        "its approval is withdrawn",
        lambda: None if list(client.items("/api/approvals?state=waiting")) else True,
    )
