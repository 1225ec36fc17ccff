"""What dbt parsed, and the DataSets of a job, as far as it takes to put the ones in the places of the others.

The worker loads this module from its file, so it imports nothing but the standard library.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

BUILT: Final = ("model", "seed", "snapshot")
"""The kinds of nodes that make something."""

_TOKENS: Final = re.compile(r"""'(?:[^']|'')*'|"[^"]*"|(--[^\n]*|/\*.*?\*/|\{\#.*?\#\})""", re.DOTALL)
_REF: Final = r"""\bref\s*\((?:[^()'"]*['"][^'"]*['"]\s*,)?\s*['"]{}['"]"""

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Node:
    """What dbt parsed: a model, a seed, a snapshot or a test.

    Attributes:
        id: dbt's unique ID.
        kind: dbt's resource type.
        name: its name.
        file: its file, as the user knows it.
        database: where dbt would build it; so are `schema` and `alias`.
        materialized: dbt's materialization, e.g. ``table`` or ``ephemeral``.
        version: of a versioned model; else empty.
        reads: the IDs of what it depends on.
        text: its text as written.
        header: the columns of a seed's file.
    """

    id: str
    kind: str
    name: str
    file: str
    database: str = ""
    schema: str = ""
    alias: str = ""
    materialized: str = ""
    version: str = ""
    reads: tuple[str, ...] = ()
    text: str = ""
    header: tuple[str, ...] | None = None

    def __str__(self) -> str:
        """What it is and where it is."""
        return f"{self.kind} {self.name}{f' v{self.version}' if self.version else ''} ({self.file})"

    @property
    def key(self) -> Key:
        """What tells its relation from others."""
        return _key(self.database, self.schema, self.alias)

    @property
    def names(self) -> set[str]:
        """The names by which it may be called, in lower case; a version's own name is that with the version."""
        own = {self.name, self.alias}
        if self.version:
            own |= {f"{self.name}_v{self.version}", f"{self.name}.v{self.version}"}
        return {name.lower() for name in own}

    @property
    def relation(self) -> str:
        """Schema and name of what dbt would build."""
        return f"{self.schema}.{self.alias}"


@dataclass(frozen=True, slots=True)
class Port:
    """A DataSet that a job reads or writes, and the place where it is bound.

    Attributes:
        dataset: the DataSet's name.
        database: dbt's name of the database that its table is in.
        schema: the table's schema.
        identifier: the table's name.
        columns: its columns with their types, as the database spells them.
        empty: whether its table is there and has no rows.
    """

    dataset: str
    database: str
    schema: str
    identifier: str
    columns: Mapping[str, str] = field(default_factory=dict)
    empty: bool = False

    def __str__(self) -> str:
        """Its name and its place."""
        return f"DataSet {self.dataset} ({self.relation})"

    @property
    def key(self) -> Key:
        """What tells its table from others."""
        return _key(self.database, self.schema, self.identifier)

    @property
    def relation(self) -> str:
        """Schema and name of its table."""
        return f"{self.schema}.{self.identifier}"

    @property
    def model(self) -> str:
        """The name that a model of the DataSet would have."""
        return self.dataset.replace("-", "_").lower()


@dataclass(frozen=True, slots=True)
class Graph:
    """What dbt parsed of a project.

    Attributes:
        nodes: the models, seeds, snapshots and tests, by ID.
        sources: the relations of those sources that a node reads.
        selected: the IDs of what will be built and tested.
        disabled: nodes that are switched off.
    """

    nodes: Mapping[str, Node]
    sources: frozenset[Key]
    selected: frozenset[str]
    disabled: tuple[Node, ...] = ()

    @property
    def built(self) -> list[Node]:
        """The selected nodes that make something, in order."""
        return [node for uid, node in self.nodes.items() if uid in self.selected and node.kind in BUILT]

    @property
    def others(self) -> list[Node]:
        """The nodes that make something and are not selected."""
        return [node for uid, node in self.nodes.items() if uid not in self.selected and node.kind in BUILT]


def is_only_mentioned(node: Node, other: Node) -> bool:
    """Whether a ref is in nothing but comments: dbt counts it, but nothing is read."""
    ref = re.compile(_REF.format(re.escape(other.name)))
    return bool(ref.search(node.text)) and not ref.search(without_comments(node.text))


def without_comments(text: str) -> str:
    """SQL without its comments; those that tell dbt a dependency (``-- depends_on: …``) stay."""

    def kept(match: re.Match[str]) -> str:
        comment = match.group(1)
        return match.group() if comment is None or ("depends_on" in comment and comment[0] != "{") else " "

    return _TOKENS.sub(kept, text)


def _key(database: str, schema: str, identifier: str) -> Key:
    return database.lower(), schema.lower(), identifier.lower()
