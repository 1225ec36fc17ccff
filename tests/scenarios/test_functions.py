"""Manifests and functions in one project and one graph, through the real engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.scenarios.pipeline import API, PLATFORM
from tests.scenarios.workspace import Workspace

USERS = f"""\
{API}kind: DataSet
metadata: {{name: users-csv}}
spec: {{store: inbox, prefix: users.csv, format: csv}}
---
{API}kind: DataSet
metadata: {{name: users}}
spec:
  store: warehouse
  table: raw.users
  classification: confidential
  schema:
    - {{name: id, type: integer, primaryKey: true, pii: false}}
    - {{name: name, type: string, pii: true}}
---
{API}kind: Transform
metadata: {{name: load-users}}
spec: {{runtime: cloudquery, inputs: [{{dataset: users-csv}}], outputs: [{{dataset: users}}]}}
"""

SCORING = """\
from typing import Annotated

import pyarrow as pa
import pyarrow.compute as pc
from weights import WEIGHT

from datakit_iac import Table, dataset, no_pii, primary_key, transform


class Score:
    id: Annotated[int, primary_key, no_pii]
    score: Annotated[float, no_pii]


scores = dataset("scores", store="warehouse", table="marts.scores", schema=Score, classification="internal")


@transform(inputs={"users": "users"}, outputs={"scores": scores})
def score(users: Table) -> Table:
    \"\"\"How long the names are.\"\"\"
    print("scoring", users.num_rows, end="")
    length = pc.multiply(pc.utf8_length(users["name"]).cast(pa.float64()), WEIGHT)
    return pa.table({"id": users["id"], "score": length})
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = Workspace(tmp_path)
    workspace.write("project/platform.yaml", PLATFORM)
    workspace.write("project/users.yaml", USERS)
    workspace.write("project/inbox/users.csv", "id,name\n1,ann\n2,robert\n")
    workspace.write("project/transforms/scoring.py", SCORING)
    workspace.write("project/transforms/weights.py", "WEIGHT = 2.0\n")
    return workspace


def test_a_function_runs_after_what_loads_its_input_and_again_when_its_code_changes(workspace: Workspace) -> None:
    assert workspace.dk("lint", "project").ok()
    shown = json.loads(workspace.dk("pipeline", "show", "project", "--output", "json").ok().results)
    assert "score" in json.dumps(shown)
    assert workspace.up().ok().operations["Run score"] == "create"
    assert workspace.rows("SELECT id, score FROM marts.scores ORDER BY id") == [(1, 6.0), (2, 12.0)]
    assert workspace.up().ok().operations == {}
    workspace.write("project/transforms/weights.py", "WEIGHT = 3.0  # other\n")
    assert {*workspace.up().ok().operations} == {"Run score", "Transform score"}
    assert workspace.rows("SELECT id, score FROM marts.scores ORDER BY id") == [(1, 9.0), (2, 18.0)]
    workspace.replace("project/transforms/scoring.py", '"score": length', '"scores": length, "id2": users["name"]')
    text = workspace.up().failed().text
    for said in ("column score is missing", "column scores is not in the contract", "column id2 is not in the"):
        assert said in text
    assert workspace.rows("SELECT id, score FROM marts.scores ORDER BY id") == [(1, 9.0), (2, 18.0)]
