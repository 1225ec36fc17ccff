"""Take the orders of a file of JSON lines apart: into one file of orders, and one of their lines."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from datakit_iac import stores


def write(name: str, rows: Sequence[dict[str, Any]]) -> int:
    """Write an output with the columns of its contract, whole or not at all; the number of its rows."""
    output = json.loads(os.environ[f"DK_OUTPUT_{name.upper()}_CSV"])
    folder: Path = stores.get(output["store"]) / output["place"]
    fresh = folder / ".rows.new"
    with fresh.open("w", newline="") as file:
        writer = csv.DictWriter(file, [column["name"] for column in output["schema"]], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    fresh.replace(folder / "rows.csv")
    return len(rows)


source = json.loads(os.environ["DK_INPUT_SHOP_ORDERS"])
lines = (stores.get(source["store"]) / source["place"]).read_text().splitlines()
orders = [json.loads(line) for line in lines]
order_lines = [{"order_id": order["id"], **line} for order in orders for line in order["lines"]]
print(json.dumps({"counts": {"orders": write("orders", orders), "order lines": write("order_lines", order_lines)}}))
