"""Files as they come: read as their DataSet says, and what does not fit kept aside."""

from __future__ import annotations

from tests.scenarios.pipeline import API
from tests.scenarios.test_pipeline_changes import runs
from tests.scenarios.workspace import Workspace

ORDERS = "SELECT id, user_id, amount FROM raw.orders ORDER BY ALL"
REJECTED = 'SELECT line, "column", raw FROM raw.rejected ORDER BY ALL'
QUARANTINE = f"""\
{API}kind: DataSet
metadata: {{name: rejected}}
spec:
  store: warehouse
  table: raw.rejected
  schema:
    - {{name: file, type: string}}
    - {{name: line, type: bigint}}
    - {{name: column, type: string}}
    - {{name: reason, type: string}}
    - {{name: raw, type: string}}
"""


def _deliver(workspace: Workspace, *lines: str) -> None:
    text = "\r\n".join(["Export für alle", "id;user_id;amount", *lines, "# Ende", ""])
    (workspace.project / "inbox/orders.csv").write_bytes(text.encode("utf-16"))


def test_a_file_in_its_own_form_is_loaded_and_its_misfits_are_kept(applied: Workspace) -> None:
    _deliver(applied, "1;1;1.000,50", "2;2;7")
    assert "is not UTF-8" in applied.up("--skip-preview").failed().text
    assert applied.rows(ORDERS)[0] == (1, 1, 10.0)

    reader = '{encoding: utf-16, skip: 1, comment: "#", decimal: ",", thousands: "."}'
    applied.replace("project/sources.yaml", "prefix: orders.csv, format: csv", f"prefix: orders.csv, reader: {reader}")
    applied.up("--skip-preview").ok()
    assert applied.rows(ORDERS) == [(1, 1, 1000.5), (2, 2, 7.0)]

    _deliver(applied, "1;1;1.000,50", "2;zwei;1.5", "3;3", "4;2;9")
    failed = applied.up("--skip-preview").failed()
    assert "orders.csv, line 4, column user_id: 'zwei' is not an integer" in failed.text
    assert "line 4, column amount: '1.5' is not a double" in failed.text
    assert "line 5: Expected Number of Columns: 3 Found: 2" in failed.text
    assert applied.rows(ORDERS) == [(1, 1, 1000.5), (2, 2, 7.0)]

    output = "  outputs: [{dataset: orders}]\n"
    quarantine = f"{output}  cloudquery: {{onError: {{quarantine: rejected, max: 1}}}}\n"
    applied.replace("project/transforms.yaml", output, quarantine)
    assert "unknown-dataset" in applied.up("--skip-preview").failed().text
    applied.write("project/rejected.yaml", QUARANTINE)
    assert (
        "2 of 4 records do not fit, and at most 1 may go to raw.rejected" in applied.up("--skip-preview").failed().text
    )
    assert (applied.rows(ORDERS), applied.rows(REJECTED)) == ([(1, 1, 1000.5), (2, 2, 7.0)], [])

    applied.replace("project/transforms.yaml", "max: 1}", "max: 50%}")
    assert "rejected 2" in applied.up("--skip-preview").ok().text
    assert applied.rows(ORDERS) == [(1, 1, 1000.5), (4, 2, 9.0)]
    assert applied.rows(REJECTED) == [(4, "user_id", "2;zwei;1.5"), (5, None, "3;3")]
    assert applied.up("--skip-preview").ok().operations == {}

    _deliver(applied, "1;1;3", "4;2;9")
    assert "load-orders" in runs(applied.up("--skip-preview"))
    assert (applied.rows(ORDERS), applied.rows(REJECTED)) == ([(1, 1, 3.0), (4, 2, 9.0)], [])
    assert applied.up("--skip-preview").ok().operations == {}
