"""What an import proposes for manifests that are there: only their own document of a file changes."""

from __future__ import annotations

from pathlib import Path

from datakit_iac.cli.scaffold.proposal import Proposal
from datakit_iac.importing.found import Found, pii
from datakit_iac.manifest.loading import loader
from datakit_iac.manifest.models.dataset import DataSet

API = "apiVersion: datakit.infoblox.dev/v1alpha1\n"
FILE = f"""\
# First.
{API}kind: Store
metadata: {{name: warehouse}}
spec: {{connector: duckdb, connection: {{path: w}}}}
---
{API}kind: DataSet
metadata: {{name: users}}
spec:
  store: warehouse
  table: users
  owner: us-team
  schema:
    - {{name: id, type: int}}
    - {{name: gone, type: string}}
---
# Last.
{API}kind: DataSet
metadata: {{name: orders}}
spec: {{store: warehouse, table: orders}}
"""


def _users(*columns: dict[str, object], complete: bool = True) -> Found:
    spec = {"store": "warehouse", "table": "users", "classification": "internal", "schema": [*columns]}
    manifest = DataSet.model_validate({"metadata": {"name": "users"}, "spec": spec})
    return Found(manifest, frozenset({"classification", pii("ID")}), has_all_columns=complete)


def test_one_document_of_a_file_changes_and_the_others_stay(tmp_path: Path) -> None:
    file = tmp_path / "all.yaml"
    file.write_text(FILE)
    proposal = Proposal(loader.read(tmp_path)[0], "the catalog")
    proposal.add(_users({"name": "ID", "type": "integer", "pii": False}, {"name": "n", "type": "bigint"}))
    assert [*proposal.differing] == ["DataSet users"]
    assert proposal.write(force=False).files == []
    assert file.read_text() == FILE

    written = proposal.write(force=True)
    assert written.kept[file].read_text() == FILE
    first, changed, last = file.read_text().split("---\n")
    assert (first, last) == (FILE.split("---\n")[0], FILE.split("---\n")[2])
    assert "  owner: us-team\n" in changed
    assert "  classification: internal  # guessed\n" in changed
    assert "  - name: id\n    type: integer\n    pii: false  # guessed\n  - name: n\n    type: bigint\n" in changed
    assert "gone" not in changed

    again = Proposal(loader.read(tmp_path)[0], "the catalog")
    again.add(_users({"name": "ID", "type": "integer", "pii": False}, {"name": "n", "type": "bigint"}))
    assert again.differing == {}


def test_columns_stay_where_nothing_says_that_these_are_all(tmp_path: Path) -> None:
    (tmp_path / "all.yaml").write_text(FILE)
    proposal = Proposal(loader.read(tmp_path)[0], "dbt")
    proposal.add(_users({"name": "id", "type": "integer"}, complete=False))
    proposal.write(force=True)
    assert "gone" in (tmp_path / "all.yaml").read_text()
