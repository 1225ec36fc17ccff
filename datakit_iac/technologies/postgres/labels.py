"""Security labels for classification and personal data.

What a label means is decided by its provider, an extension that the server loads. So a connection names the provider,
and the label for each word of a contract.

Source: https://www.postgresql.org/docs/current/sql-security-label.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.technologies.sql.dialect import Dialect
from datakit_iac.technologies.sql.names import literal, quoted

LABELS = """
    SELECT coalesce(a.attname, ''), l.label
    FROM pg_seclabel AS l
    JOIN pg_class AS c ON l.classoid = 'pg_class'::regclass AND l.objoid = c.oid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = l.objsubid AND l.objsubid > 0
    WHERE l.provider = %s AND n.nspname = %s AND c.relname = %s
"""
"""The labels of a provider on a table, by column; its own by the empty name."""


def probe(provider: str) -> str:
    """A statement that is always refused: for its provider, where that is not loaded, and else for its table."""
    return f"SECURITY LABEL FOR {quoted(provider)} ON TABLE pg_temp.datakit_is_nowhere IS NULL"


def wanted(said: Mapping[str, Any], dataset: BoundDataSet) -> dict[str, str]:
    """The labels that a DataSet should have, by column; that of its table by the empty name.

    Args:
        said: `securityLabels` of the connection.
        dataset: whose contract it is.
    """
    words = {"": dataset.classification or ""}
    words |= {each.name: each.masking or ("pii" if each.pii else "") for each in dataset.columns}
    labels = said.get("labels") or {}
    return {name: labels[word] for name, word in words.items() if word in labels}


def statements(
    said: Mapping[str, Any], dialect: Dialect, dataset: BoundDataSet, there: Mapping[str, str], *, kind: str = "TABLE"
) -> list[str]:
    """What gives a table and its columns their labels; a label that is none of the connection's stays.

    Args:
        said: `securityLabels` of the connection; empty where it has none.
        dialect: Postgres's.
        dataset: whose contract it is.
        there: the labels that are there, by column.
        kind: what it is, as `ALTER` names it.
    """
    spelled = {name.lower(): name for name in there}
    asked = {spelled.get(name.lower(), name): label for name, label in wanted(said, dataset).items()}
    ours = frozenset((said.get("labels") or {}).values())
    changed: dict[str, str | None] = {name: label for name, label in asked.items() if there.get(name) != label}
    changed |= dict.fromkeys(name for name, label in there.items() if name not in asked and label in ours)
    table = dialect.qualified(dataset.place)
    targets = {name: f"COLUMN {table}.{dialect.quote(name)}" if name else f"{kind} {table}" for name in changed}
    return [
        f"SECURITY LABEL FOR {quoted(said['provider'])} ON {targets[name]}"
        f" IS {'NULL' if label is None else literal(label)}"
        for name, label in changed.items()
    ]
