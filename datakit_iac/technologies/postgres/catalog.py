"""What a Postgres database holds, of one table or of all of them, by one query of its catalog."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from datakit_iac.manifest.models.column import Column
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.technologies import tags
from datakit_iac.technologies.postgres.dialect import POSTGRES

Rows = Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]
"""Runs a query, with its parameters."""

_RELATIONS: Final = """
    SELECT n.nspname, c.relname, c.relkind::text, tc.description, k.conname,
           (SELECT jsonb_agg(jsonb_build_array(a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                                               ac.description, coalesce(a.attnum = ANY (k.conkey), false))
                             ORDER BY a.attnum)
            FROM pg_attribute AS a
            LEFT JOIN pg_description AS ac
                   ON ac.classoid = 'pg_class'::regclass AND ac.objoid = c.oid AND ac.objsubid = a.attnum
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attname !~ '^_cq_'),
           (SELECT jsonb_object_agg(g.role, g.privileges)
            FROM (SELECT pg_get_userbyid(x.grantee) AS role, jsonb_agg(x.privilege_type) AS privileges
                  FROM aclexplode(c.relacl) AS x WHERE x.grantee <> 0 GROUP BY 1) AS g),
           (SELECT jsonb_agg(jsonb_build_array(l.provider, coalesce(la.attname, ''), l.label))
            FROM pg_seclabel AS l
            LEFT JOIN pg_attribute AS la ON la.attrelid = c.oid AND la.attnum = l.objsubid AND l.objsubid > 0
            WHERE l.classoid = 'pg_class'::regclass AND l.objoid = c.oid)
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    LEFT JOIN pg_description AS tc
           ON tc.classoid = 'pg_class'::regclass AND tc.objoid = c.oid AND tc.objsubid = 0
    LEFT JOIN pg_constraint AS k ON k.conrelid = c.oid AND k.contype = 'p'
    WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm')
"""
"""https://www.postgresql.org/docs/current/catalogs.html"""
_OF_ONE: Final = " AND n.nspname = %s AND c.relname = %s"
_OF_USERS: Final = " AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
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
        key: the name of the constraint that is its primary key; empty where it has none.
        described: name, type, whether it is required, comment, and whether it is in the primary key, of each column but
            loaders' bookkeeping, as the catalog tells them.
        granted: the privileges of each role that was granted some.
        labelled: provider, column and text of each security label; the table's own is that of the empty name.
    """

    kind: str
    comment: str
    key: str
    described: Sequence[Sequence[Any]]
    granted: Mapping[str, Sequence[str]]
    labelled: Sequence[tuple[str, str, str]]

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns, in their order."""
        return tuple(_column(*each) for each in self.described)

    def labels(self, provider: str) -> dict[str, str]:
        """The labels of a provider, by column; the table's own by the empty name."""
        return {column: label for other, column, label in self.labelled if other == provider}

    @property
    def spellings(self) -> Mapping[str, str]:
        """The type of each column as Postgres spells it, by name."""
        return {name: spelling for name, spelling, *_ in self.described}


def find(rows: Rows, schema: str, name: str) -> Relation | None:
    """What is at a place now; Postgres tells upper from lower case."""
    found = rows(_RELATIONS + _OF_ONE, [schema, name])
    return _relation(*found[0]) if found else None


def everything(rows: Rows) -> dict[tuple[str, str], Relation]:
    """All tables and views but Postgres's own, by schema and name."""
    return {(row[0], row[1]): _relation(*row) for row in rows(_RELATIONS + _OF_USERS, [])}


def places(rows: Rows, infix: str) -> list[Place]:
    """Tables and views whose names contain a text, in whatever case."""
    return [Place(table=f"{schema}.{name}") for schema, name in rows(_PLACES, [infix])]


def _relation(
    schema: str,
    name: str,
    kind: str,
    comment: str | None,
    key: str | None,
    described: Sequence[Sequence[Any]] | None,
    granted: Mapping[str, Sequence[str]] | None,
    labelled: Sequence[tuple[str, str, str]] | None,
) -> Relation:
    kind = _KINDS.get(kind, "TABLE")
    return Relation(kind, comment or "", key or "", described or (), granted or {}, labelled or ())


def _column(name: str, spelling: str, is_required: bool, comment: str | None, is_key: bool) -> Column:
    description, said = tags.split(comment or "")
    told = {"name": name, "type": POSTGRES.type_of(spelling), "nullable": not is_required, "primaryKey": is_key}
    try:
        return Column.model_validate({**told, "description": description, **said})
    except ValidationError:  # somebody else's words for it
        return Column.model_validate({**told, "description": comment})
