"""Take the orders of a file of JSON lines apart: into one file of orders, and one of their lines."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from datakit_iac import stores


def read(dataset: dict[str, Any]) -> str:
    """The text of an input: a file, or an object in a bucket."""
    store = stores.get(dataset["store"])
    if isinstance(store, Path):
        return (store / dataset["place"]).read_text()
    text: bytes = store.client.get_object(Bucket=store.name, Key=store.key(dataset["place"]))["Body"].read()
    return text.decode()


def write(name: str, rows: Sequence[dict[str, Any]]) -> int:
    """Write an output with the columns of its contract, whole or not at all; the number of its rows."""
    output = json.loads(os.environ[f"DK_OUTPUT_{name.upper()}_CSV"])
    text = io.StringIO()
    writer = csv.DictWriter(text, [column["name"] for column in output["schema"]], extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    store, file = stores.get(output["store"]), f"{output['place']}/rows.csv"
    if isinstance(store, Path):
        fresh = (store / file).with_name(".rows.new")
        fresh.write_text(text.getvalue())
        fresh.replace(store / file)
    else:
        store.client.put_object(Bucket=store.name, Key=store.key(file), Body=text.getvalue().encode())
    return len(rows)


orders = [json.loads(line) for line in read(json.loads(os.environ["DK_INPUT_SHOP_ORDERS"])).splitlines()]
order_lines = [{"order_id": order["id"], **line} for order in orders for line in order["lines"]]
print(json.dumps({"counts": {"orders": write("orders", orders), "order lines": write("order_lines", order_lines)}}))
