"""What a Postgres database holds, of one table or of all of them, by one query of its catalog."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from datakit_iac.manifest.models.column import Column
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.technologies.postgres.dialect import POSTGRES

Rows = Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]
"""Runs a query, with its parameters."""

_RELATIONS: Final = """
    SELECT n.nspname, c.relname, c.relkind::text, tc.description,
           a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, ac.description
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    LEFT JOIN pg_description AS tc
           ON tc.classoid = 'pg_class'::regclass AND tc.objoid = c.oid AND tc.objsubid = 0
    LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_description AS ac
           ON ac.classoid = 'pg_class'::regclass AND ac.objoid = c.oid AND ac.objsubid = a.attnum
    WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm')
"""
"""https://www.postgresql.org/docs/current/catalogs.html"""
_OF_ONE: Final = " AND n.nspname = %s AND c.relname = %s ORDER BY a.attnum"
_OF_USERS: Final = r" AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
_KINDS: Final = {"v": "VIEW", "m": "MATERIALIZED VIEW", "f": "FOREIGN TABLE"}
_PLACES: Final = (
    "SELECT n.nspname, c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
    " WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND strpos(lower(c.relname), lower(%s)) > 0"
    f"{_OF_USERS} ORDER BY 1, 2"
)


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view.

    Attributes:
        kind: what it is, as `ALTER` names it.
        comment: its own, mark included.
        described: name, type, whether it is required, and comment of each column but loaders' bookkeeping, as the
            catalog tells them.
    """

    kind: str
    comment: str
    described: tuple[tuple[Any, ...], ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns, in their order."""
        return tuple(
            Column(name=name, type=POSTGRES.type_of(spelling), nullable=not is_required, description=comment or "")
            for name, spelling, is_required, comment in self.described
        )

    @property
    def spellings(self) -> Mapping[str, str]:
        """The type of each column as Postgres spells it, by name."""
        return {name: spelling for name, spelling, *_ in self.described}


def find(rows: Rows, schema: str, name: str) -> Relation | None:
    """What is at a place now; Postgres tells upper from lower case."""
    found = rows(_RELATIONS + _OF_ONE, [schema, name])
    return _relation(found) if found else None


def places(rows: Rows, infix: str) -> list[Place]:
    """Tables and views whose names contain a text, in whatever case."""
    return [Place(table=f"{schema}.{name}") for schema, name in rows(_PLACES, [infix])]


def _relation(found: Sequence[tuple[Any, ...]]) -> Relation:
    _, _, kind, comment, *_ = found[0]
    described = (row[4:] for row in found)
    known = tuple(each for each in described if each[0] is not None and not each[0].startswith("_cq_"))
    return Relation(_KINDS.get(kind, "TABLE"), comment or "", known)
