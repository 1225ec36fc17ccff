"""The example of four runtimes: a Python script extracts, CloudQuery loads, dbt builds and a Go program publishes."""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

from tests.scenarios.workspace import Workspace

EXAMPLE = Path(__file__).parents[2] / "examples" / "orders"


def expected(source: Path) -> dict[str, Decimal]:
    """What was paid for each item, added up from the source itself."""
    paid: dict[str, Decimal] = defaultdict(Decimal)
    for line in source.read_text().splitlines():
        order = json.loads(line)
        for each in order["lines"] if order["status"] == "paid" else ():
            paid[each["item"]] += Decimal(each["price"]) * each["quantity"]
    return dict(paid)


def best(paid: dict[str, Decimal]) -> list[dict[str, object]]:
    """The report: the three items that sold best."""
    total = sum(paid.values())
    return [
        {"item": item, "amount": paid[item], "share": (paid[item] * 100 / total).quantize(Decimal("0.1"))}
        for item in sorted(paid, key=lambda item: -paid[item])[:3]
    ]


def test_all_four_runtimes_work_on_one_another_and_only_what_changed_runs_again(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    workspace.project.rmdir()
    shutil.copytree(EXAMPLE, workspace.project, ignore=shutil.ignore_patterns(".datakit", "__pycache__"))
    made = workspace.up("--skip-preview").ok().text
    paid = expected(workspace.project / "shop" / "orders.jsonl")

    revenue = workspace.rows("SELECT item, amount FROM marts.revenue", "project/.datakit/dev/warehouse.duckdb")
    assert dict(revenue) == paid
    report = workspace.project / ".datakit/dev/public/report/rows.json"
    assert [json.loads(line, parse_float=Decimal) for line in report.read_text().splitlines()] == best(paid)
    lines = workspace.rows("SELECT count(*) FROM raw.order_lines", "project/.datakit/dev/warehouse.duckdb")[0][0]
    assert f"orders 40, order lines {lines}" in made
    assert "report 3" in made
    assert workspace.up().ok().operations == {}

    workspace.replace("project/transforms/publish/main.go", "100, 1", "1000, 10")  # the same shares
    again = workspace.up().ok()
    assert again.operations == {"Transform publish": "update", "Run publish": "update"}
    workspace.replace("project/transforms/extract/dk.yaml", "Takes orders", "Splits orders")
    assert "Run extract" not in workspace.up().ok().operations
