"""Tags and masking policies of tables and their columns, as a connection names them.

Nothing of them is read back: what classification and personal data a table has, its comments tell.

Sources: https://docs.snowflake.com/en/sql-reference/sql/create-table, https://docs.snowflake.com/en/sql-reference/sql/alter-table,
https://docs.snowflake.com/en/sql-reference/sql/alter-table-column
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.column import Column
from datakit_iac.technologies.evolution import Change
from datakit_iac.technologies.snowflake.dialect import literal, qualified, quote


@dataclass(frozen=True, slots=True)
class Governance:
    """What a connection says.

    Attributes:
        tags: the tag for a table's `classification`, and that for a column's `pii`.
        policies: the masking policy for each `masking`, and under `pii` that for personal data that says none.
    """

    tags: Mapping[str, str] = field(default_factory=dict)
    policies: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Governance:
        """That of a connection."""
        return cls(options.get("tags") or {}, options.get("maskingPolicies") or {})

    def policy(self, column: Column) -> str:
        """The masking policy of a column, quoted; empty where none is named for it."""
        kind = column.masking or ("pii" if column.pii else "")
        found = self.policies.get(kind, "")
        return qualified(found) if found else ""

    def of_column(self, column: Column) -> str:
        """What follows the type of a column that is made."""
        policy, tag = self.policy(column), self.tags.get("pii")
        masked = f" MASKING POLICY {policy}" if policy else ""
        return f"{masked} TAG ({qualified(tag)} = 'true')" if tag and column.pii else masked

    def of_table(self, dataset: BoundDataSet) -> str:
        """What follows the columns of a table that is made."""
        tag = self.tags.get("classification")
        said = dataset.classification
        return f" TAG ({qualified(tag)} = {literal(said)})" if tag and said else ""

    def statements(
        self, dataset: BoundDataSet, table: str, changes: Iterable[Change], before: str | None, *, kind: str = "TABLE"
    ) -> list[str]:
        """What gives a table that is there the tags and policies of its contract; each can be repeated.

        A policy is put in the place of another, and none is ever taken off: what was hidden is shown by people alone.

        Args:
            dataset: as it is declared.
            table: its name, quoted.
            changes: those that are being done.
            before: the classification that was there.
            kind: `TABLE` or `VIEW`.
        """
        tag = self.tags.get("classification")
        said = []
        if tag and dataset.classification:
            said.append(f"ALTER {kind} {table} SET TAG {qualified(tag)} = {literal(dataset.classification)}")
        elif tag and before:
            said.append(f"ALTER {kind} {table} UNSET TAG {qualified(tag)}")
        if kind == "TABLE":
            for column in dataset.columns:
                said += self._column(column, f"ALTER TABLE {table} MODIFY COLUMN {quote(column.name)}", changes)
        return said

    def _column(self, column: Column, altered: str, changes: Iterable[Change]) -> list[str]:
        said = []
        if policy := self.policy(column):
            said.append(f"{altered} SET MASKING POLICY {policy} FORCE")
        if tag := self.tags.get("pii"):
            was = any(each.column == column.name and each.before and each.before.pii for each in changes)
            if column.pii:
                said.append(f"{altered} SET TAG {qualified(tag)} = 'true'")
            elif was:
                said.append(f"{altered} UNSET TAG {qualified(tag)}")
        return said
