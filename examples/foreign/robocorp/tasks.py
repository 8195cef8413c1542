"""A robot in the style of robocorp-tasks: work items in, work items out, files in the output folder."""

import csv
import logging
import os
from pathlib import Path

from orders import Order, OrderError
from robocorp import workitems
from robocorp.tasks import get_output_dir, task

log = logging.getLogger(__name__)


@task
def split_orders():
    """Makes one work item of each order in the list, and a file of those that can't be delivered."""
    refused = []
    for item in workitems.inputs:
        for position in item.payload["orders"]:
            order = Order(**position)
            try:
                order.check()
            except OrderError as error:
                log.warning("refused: %s", error)
                refused.append((order.article, order.count))
                continue
            workitems.outputs.create({"article": order.article, "count": order.count})
            print(f"order of {order.count} x {order.article}")
    with open(get_output_dir() / "refused.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("article", "count"), *refused])
    shots = Path(os.environ["ROBOT_ARTIFACTS"]) / "shots"
    shots.mkdir()
    (shots / "1.txt").write_text("a picture of the shop", encoding="utf-8")


@task
def check_order(article: str, count: int = 1):
    """Checks one order, given as arguments; fails for one that can't be delivered."""
    Order(article, count).check()
    return {"article": article, "ok": True}
