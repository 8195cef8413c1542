"""A thousand lines of an invoice ledger through a work queue, by the public API and two runs side by side."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal

import pytest
from client import ApiError, Client
from installation import ROOT, package
from test_main_job import trigger

EXAMPLE = ROOT / "examples" / "automations" / "invoice-queue"
SHARED = ROOT.parent / "shared" / "data" / "invoices"
COLUMNS = ["number", "issuer", "net", "tax", "total", "currency"]
LINES = 1_000


def invoices() -> list[dict[str, str]]:
    """What a person read off real invoices; the example's own lines where those are not on this machine."""
    found = []
    for path in sorted(SHARED.glob("*.expected.json")):
        (invoice,) = json.loads(path.read_text(encoding="utf-8"))
        total, net = Decimal(str(invoice["amount"])), Decimal(str(invoice.get("amount_untaxed", "0")))
        tax = Decimal(str(invoice.get("amount_tax", total - net)))
        amounts = {"net": str(net), "tax": str(tax), "total": str(total)}
        named = {"number": invoice["invoice_number"], "issuer": invoice["issuer"]}
        found.append(named | amounts | {"currency": invoice.get("currency", "EUR")})
    if found:
        return found
    lines = (EXAMPLE / "sample" / "invoices.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["payload"] for line in lines]


def ledger() -> tuple[str, int]:
    """The ledger of so many lines as CSV, and how many of them do not add up."""
    known = invoices()
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    wrong = 0
    for number in range(LINES):
        line = dict(known[number % len(known)])
        line["number"] = f"{line['number']}/{number}"
        if number % 100 == 7:
            line["total"] = str(Decimal(line["total"]) + 1)
        sums = Decimal(line["net"]) + Decimal(line["tax"]) - Decimal(line["total"])
        wrong += abs(sums) > Decimal("0.01")
        writer.writerow(line)
    return text.getvalue(), wrong


def test_a_thousand_lines(client: Client) -> None:
    settings = {"maxAttempts": 2, "backoffMs": 0, "uniqueReferences": True}
    queue = client.call("POST", "/api/queues", {"name": "invoices", **settings})["id"]
    payments = client.call("POST", "/api/queues", {"name": "payments", **settings})["id"]
    text, wrong = ledger()
    path = f"/api/queues/{queue}/items/import?referenceColumn=number"
    with client.open("POST", path, text.encode(), {"Content-Type": "text/csv"}) as answer:
        assert json.loads(answer.read())["added"] == LINES
    with pytest.raises(ApiError) as again:
        client.open("POST", path, text.encode(), {"Content-Type": "text/csv"})
    assert (again.value.status, again.value.problem["field"]) == (409, "line 2")

    runs = package(client, "invoice-queue", EXAMPLE)
    ended = [client.wait(run, seconds=240) for run in [trigger(client, runs), trigger(client, runs)]]
    for execution in ended:
        assert execution["state"] == "Succeeded", execution["error"]
    assert sum(execution["outputs"]["checked"] for execution in ended) == LINES
    assert sum(execution["outputs"]["refused"] for execution in ended) == wrong

    counts = client.call("GET", f"/api/queues/{queue}/statistics")["counts"]
    assert (counts["Successful"], counts["BusinessFailed"]) == (LINES - wrong, wrong)
    assert client.call("GET", f"/api/queues/{payments}/statistics")["counts"]["New"] == LINES - wrong
    refused = next(iter(client.items(f"/api/queues/{queue}/items?state=BusinessFailed")))
    assert refused["error"]["code"] == "TOTAL"
    taken = client.call("POST", f"/api/queues/{payments}/items/take", {"limit": 1})["items"][0]
    parent = client.call("GET", f"/api/queues/{queue}/items/{taken['parentId']}")
    assert parent["output"] == {"paid": taken["payload"]["amount"]}
