"""Rewriting a table in another order of its columns: what is carried to the copy, and what prevents it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from datakit_iac.manifest.models.column import Column
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.technologies.postgres.catalog import Rows
from datakit_iac.technologies.sql import shadow
from datakit_iac.technologies.sql.dialect import Dialect
from datakit_iac.technologies.sql.names import literal, quoted
from datakit_iac.technologies.technology import StoreError

_OF: Final = "to_regclass(%s)"
_COLUMNS: Final = f"""
    SELECT attname, format_type(atttypid, atttypmod), attnotnull, col_description(attrelid, attnum)
    FROM pg_attribute WHERE attrelid = {_OF} AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""
_TABLE: Final = f"""
    SELECT obj_description(oid, 'pg_class'), pg_get_userbyid(relowner), pg_get_userbyid(relowner) = current_user
    FROM pg_class WHERE oid = {_OF}
"""
_KEY: Final = f"SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = {_OF} AND contype = 'p'"
_GRANTED: Final = f"""
    SELECT CASE x.grantee WHEN 0 THEN NULL ELSE pg_get_userbyid(x.grantee) END, x.is_grantable,
           string_agg(x.privilege_type, ', ' ORDER BY x.privilege_type)
    FROM pg_class AS c, aclexplode(c.relacl) AS x WHERE c.oid = {_OF} AND x.grantee <> c.relowner
    GROUP BY 1, 2 ORDER BY 1, 2
"""
_LOST: Final = f"""
    WITH t AS (SELECT * FROM pg_class WHERE oid = {_OF}),
         a AS (SELECT a.* FROM pg_attribute AS a, t WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped)
    SELECT regexp_replace(pg_describe_object(d.classid, d.objid, d.objsubid), '^rule "?_RETURN"? on ', '')
    FROM pg_depend AS d, t
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid AND d.deptype IN ('n', 'a')
      AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE d.classid = 'pg_constraint'::regclass AND k.oid = d.objid
                      AND k.conrelid = t.oid AND k.contype IN ('p', 'n'))
    UNION SELECT 'its kind of table' FROM t WHERE relkind <> 'r' OR relpersistence <> 'p' OR relispartition
    UNION SELECT 'its inheritance' FROM pg_inherits, t WHERE inhrelid = t.oid
    UNION SELECT 'its row security' FROM t WHERE relrowsecurity
    UNION SELECT 'its storage parameters' FROM t WHERE reloptions IS NOT NULL OR reltablespace <> 0
    UNION SELECT 'its replica identity' FROM t WHERE relreplident <> 'd'
    UNION SELECT 'its security label' FROM pg_seclabel AS l, t WHERE l.objoid = t.oid
    UNION SELECT 'privileges on column ' || attname FROM a WHERE attacl IS NOT NULL
    UNION SELECT 'the identity of column ' || attname FROM a WHERE attidentity <> ''
    UNION SELECT 'the collation of column ' || attname FROM a JOIN pg_type AS y ON y.oid = atttypid
          WHERE attcollation <> typcollation
    UNION SELECT 'the storage of column ' || attname FROM a JOIN pg_type AS y ON y.oid = atttypid
          WHERE attstorage <> typstorage OR attcompression <> '' OR attoptions IS NOT NULL
    ORDER BY 1
"""
"""https://www.postgresql.org/docs/current/catalog-pg-depend.html"""


def statements(rows: Rows, dialect: Dialect, place: Place, order: Sequence[Column]) -> Iterator[str]:
    """What puts the columns of a table in order, each statement to be carried out before the next is asked for.

    Rows, types, `NOT NULL`, primary key, comments, privileges and owner are those of the table.

    Args:
        rows: runs a query in the same transaction.
        dialect: Postgres's.
        place: the table.
        order: the declared columns.

    Raises:
        StoreError: others have made of the table what the copy would not have.
    """
    table, copy = dialect.qualified(place), dialect.qualified(shadow.place_of(dialect, place))
    if _columns(rows, table) == shadow.ordered(_columns(rows, table), order):
        return
    yield from shadow.locked(dialect, place)
    demand_possible(rows, dialect, place)
    yield from shadow.filled(dialect, place, shadow.ordered(_columns(rows, table), order))
    key = rows(_KEY, [table])
    constraint = quoted(f"{dialect.parts(shadow.place_of(dialect, place))[1]}_pkey")
    for _, definition in key:
        yield f"ALTER TABLE {copy} ADD CONSTRAINT {constraint} {definition}"
    yield from _comments(rows, table, copy)
    yield from _privileges(rows, table, copy)
    yield from shadow.swapped(dialect, place)
    for name, _ in key:
        yield f"ALTER TABLE {table} RENAME CONSTRAINT {constraint} TO {quoted(name)}"


def demand_possible(rows: Rows, dialect: Dialect, place: Place) -> None:
    """Nothing is there that a copy would not have.

    Raises:
        StoreError: something is; it is named.
    """
    if lost := [text for (text,) in rows(_LOST, [dialect.qualified(place)])]:
        raise StoreError(shadow.refusal(place, lost))


def _columns(rows: Rows, table: str) -> list[shadow.Copied]:
    return [shadow.Copied(name, spelling, required) for name, spelling, required, _ in rows(_COLUMNS, [table])]


def _comments(rows: Rows, table: str, copy: str) -> Iterator[str]:
    for name, _, _, comment in rows(_COLUMNS, [table]):
        if comment:
            yield f"COMMENT ON COLUMN {copy}.{quoted(name)} IS {literal(comment)}"
    ((comment, _, _),) = rows(_TABLE, [table])
    yield f"COMMENT ON TABLE {copy} IS {literal(comment or '')}"


def _privileges(rows: Rows, table: str, copy: str) -> Iterator[str]:
    """Those of the table, and not those that a new table has by default."""
    for role, _, _ in rows(_GRANTED, [copy]):
        yield f"REVOKE ALL ON {copy} FROM {_role(role)}"
    for role, is_grantable, privileges in rows(_GRANTED, [table]):
        yield f"GRANT {privileges} ON {copy} TO {_role(role)}{' WITH GRANT OPTION' if is_grantable else ''}"
    ((_, owner, is_ours),) = rows(_TABLE, [table])
    if not is_ours:
        yield f"ALTER TABLE {copy} OWNER TO {quoted(owner)}"


def _role(name: str | None) -> str:
    return quoted(name) if name else "PUBLIC"
