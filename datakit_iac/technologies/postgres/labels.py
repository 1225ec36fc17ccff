"""Security labels for classification and personal data.

What a label means is decided by its provider, an extension that the server loads. So a connection names the provider,
and the label for each word of a contract.

Source: https://www.postgresql.org/docs/current/sql-security-label.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, get_args

from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.column import Column, Masking
from datakit_iac.technologies.sql.dialect import Dialect
from datakit_iac.technologies.sql.names import literal, quoted
from datakit_iac.technologies.technology import TableState


def probe(provider: str) -> str:
    """A statement that is always refused: for its provider, where that is not loaded, and else for its table."""
    return f"SECURITY LABEL FOR {quoted(provider)} ON TABLE pg_temp.datakit_is_nowhere IS NULL"


def wanted(said: Mapping[str, Any], dataset: BoundDataSet) -> dict[str, str]:
    """The labels that a DataSet should have, by column; that of its table by the empty name.

    Args:
        said: `securityLabels` of the connection.
        dataset: whose contract it is.
    """
    words = {"": dataset.classification or "", **{each.name: _word(each) for each in dataset.columns}}
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


def as_labelled(said: Mapping[str, Any], state: TableState, there: Mapping[str, str]) -> TableState:
    """What a table is by its labels, where they say otherwise than its comments: so others' changes of them are seen.

    Args:
        said: `securityLabels` of the connection.
        state: the table as its comments tell.
        there: the labels that are there, by column.
    """
    labels = said.get("labels") or {}
    words = {label: word for word, label in labels.items()}

    def told(word: str, label: str | None) -> str:
        live = label if label in words else None
        return word if labels.get(word) == live else words.get(live or "", "")

    def column(each: Column) -> Column:
        word = told(_word(each), there.get(each.name))
        if word == _word(each):
            return each
        return each.model_copy(update={"pii": word != "", "masking": word if word in get_args(Masking) else None})

    classification = told(state.classification or "", there.get("")) or None
    return replace(state, classification=classification, columns=tuple(map(column, state.columns)))


def _word(column: Column) -> str:
    return column.masking or ("pii" if column.pii else "")
