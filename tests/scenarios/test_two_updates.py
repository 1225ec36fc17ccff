"""Two projects with tables in one Store, updated at the same time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.cloudquery.stores import database
from tests.scenarios.pipeline import FILES
from tests.scenarios.test_postgres_pipeline import bound, rows
from tests.scenarios.workspace import Workspace


@pytest.mark.parametrize("kind", ["duckdb", "postgres"])
def test_two_updates_at_once_of_one_store_end_with_the_rows_of_both(kind: str, tmp_path: Path) -> None:
    connection = database() if kind == "postgres" else {}
    file = tmp_path / "warehouse.duckdb"
    several = {name: _project(tmp_path / name, name, connection, file) for name in ("north", "south")}

    first, second = (each.started("up", "--yes", "--skip-preview") for each in several.values())
    with first as one, second as other:
        told = {"north": one.communicate(timeout=240)[0], "south": other.communicate(timeout=240)[0]}
        codes = {"north": one.returncode, "south": other.returncode}

    assert 0 in codes.values(), told
    for name, workspace in several.items():
        if codes[name]:
            assert "held by process" in told[name] or "Conflicting lock is held" in told[name], told[name]
            assert "Traceback" not in told[name]
            workspace.up("--skip-preview").ok()
    for name, workspace in several.items():
        query = f"SELECT name, total FROM {name}_main.revenue ORDER BY 1"
        found = rows(connection, query) if connection else _rows(file, query)
        assert found == [("ann", 15.0), ("bob", 7.0)]
        assert workspace.preview().ok().operations == {}


def _project(root: Path, name: str, connection: dict[str, Any], file: Path) -> Workspace:
    """The pipeline of a project of that name, its tables in schemas of its own."""
    made = Workspace(root)
    if connection:
        bound(made, connection)
    else:
        for path, text in FILES.items():
            made.write(f"project/{path}", text)
        made.replace("project/platform.yaml", "path: warehouse.duckdb", f"path: {file}")
    tables = made.root / "project" / "tables.yaml"
    tables.write_text(tables.read_text().replace("table: ", f"table: {name}_"))
    made.replace("Pulumi.yaml", "name: shop", f"name: {name}")
    made.run("stack", "init", "dev").ok()
    return made


def _rows(file: Path, query: str) -> list[Any]:
    with duckdb.connect(file) as opened:
        return opened.sql(query).fetchall()
