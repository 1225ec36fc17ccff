"""The statements that make a table and change it, each of which Snowflake commits by itself.

So a table is made whole by one statement, its mark and comments in it. Of a change, what protects columns comes before
what tells of it: where it ends in the middle, the next one finds what is left to do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.column import Column
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.technologies import tags
from datakit_iac.technologies.evolution import Change
from datakit_iac.technologies.ownership import Mark
from datakit_iac.technologies.snowflake import types
from datakit_iac.technologies.snowflake.dialect import literal, quote, spoken
from datakit_iac.technologies.snowflake.governance import Governance
from datakit_iac.technologies.sql import ddl


def create(options: Mapping[str, Any], dataset: BoundDataSet, mark: Mark | None = None) -> str:
    """What makes a table.

    Args:
        options: the fields of the connection.
        dataset: what is declared.
        mark: whose it is; None in a plan, where that is not known yet.
    """
    dialect, governance = spoken(options), Governance.of(options)
    parts = [_definition(governance, column) for column in dataset.columns]
    if key := [quote(column.name) for column in dataset.columns if column.primary_key]:
        parts.append(f"PRIMARY KEY ({', '.join(key)})")
    said = tags.written(dataset.description, {"classification": dataset.classification})
    comment = mark.append_to(said) if mark else said
    shown = f" COMMENT = {literal(comment)}" if comment else ""
    return f"CREATE TABLE {dialect.qualified(dataset.place)} ({', '.join(parts)}){shown}{governance.of_table(dataset)}"


def alter(
    options: Mapping[str, Any],
    dataset: BoundDataSet,
    changes: Sequence[Change],
    classification: str | None = None,
    kind: str = "TABLE",
) -> list[str]:
    """What carries out changes.

    Args:
        options: the fields of the connection.
        dataset: what is declared.
        changes: what is changed.
        classification: the one that was there.
        kind: what it is, as `ALTER` names it.
    """
    dialect, governance = spoken(options), Governance.of(options)
    table = dialect.qualified(dataset.place)
    done: list[str] = []
    for change in changes:
        if change.kind == "add" and change.after:
            # Without NOT NULL: rows that are there have no value yet; it follows once none is empty.
            done.append(f"ALTER TABLE {table} ADD COLUMN {_typed(governance, change.after)}")
        elif change.kind != "describe":
            done += ddl.alter(dialect, dataset.place, [change])
    protected = governance.statements(dataset, table, changes, classification, kind=kind)
    described = [each.after for each in changes if each.kind == "describe" and each.after]
    told = [_describing(table, each, kind) for each in described]
    return [*done, *protected, *told]


def rename(options: Mapping[str, Any], place: Place, name: str, *, kind: str = "TABLE") -> str:
    """What gives a table or view another name in its schema; a name alone would move it into that of the session."""
    dialect = spoken(options)
    moved = Place(table=f"{dialect.parts(place)[0]}.{name}")
    return f"ALTER {kind} {dialect.qualified(place)} RENAME TO {dialect.qualified(moved)}"


def _describing(table: str, column: Column, kind: str) -> str:
    name, said = quote(column.name), literal(_said(column))
    if kind == "TABLE":
        return f"COMMENT ON COLUMN {table}.{name} IS {said}"
    # COMMENT is for columns of tables; for those of views this is what SQLMesh found (TobikoData/sqlmesh, pull 2369).
    return f"ALTER {kind} {table} ALTER COLUMN {name} COMMENT {said}"


def _said(column: Column) -> str:
    return tags.written(column.description, tags.of_column(column))


def _definition(governance: Governance, column: Column) -> str:
    said = _said(column)
    comment = f" COMMENT {literal(said)}" if said else ""
    return f"{_typed(governance, column, ' NOT NULL' if column.required else '')}{comment}"


def _typed(governance: Governance, column: Column, required: str = "") -> str:
    return f"{quote(column.name)} {types.write(column.type)}{required}{governance.of_column(column)}"
