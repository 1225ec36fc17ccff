"""What roles may do with a table, as a connection says it (https://www.postgresql.org/docs/current/sql-grant.html)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from datakit_iac.manifest.models.dataset import Place
from datakit_iac.technologies.sql.dialect import Dialect
from datakit_iac.technologies.sql.names import quoted

_PRIVILEGES: Final[Mapping[str, tuple[str, ...]]] = {
    "none": (),
    "read": ("SELECT",),
    "write": ("SELECT", "INSERT", "UPDATE", "DELETE"),
}


def found(wanted: Collection[str], granted: Mapping[str, Collection[str]]) -> dict[str, str]:
    """What each role that is named may do: a word of `grants`, or the privileges where none says them.

    >>> found(["ann", "bob", "cid"], {"ann": ["SELECT"], "bob": ["SELECT", "DELETE"], "dan": ["SELECT"]})
    {'ann': 'read', 'bob': 'DELETE, SELECT', 'cid': 'none'}

    Args:
        wanted: the roles.
        granted: the privileges of each role that has any.
    """
    words = {frozenset(privileges): word for word, privileges in _PRIVILEGES.items()}
    held = {role: frozenset(granted.get(role, ())) for role in wanted}
    return {role: words.get(each, ", ".join(sorted(each))) for role, each in held.items()}


def statements(dialect: Dialect, place: Place, wanted: Mapping[str, str], there: Mapping[str, str]) -> list[str]:
    """What gives each role what it should have; roles that are not named keep what they have.

    Args:
        dialect: Postgres's.
        place: the table or view.
        wanted: what each role should be able to do.
        there: what it can do.
    """
    table, (schema, _) = dialect.qualified(place), dialect.parts(place)
    said: list[str] = []
    for role, access in wanted.items():
        before = there.get(role, "none")
        if before == access:
            continue
        if before != "none":
            said.append(f"REVOKE ALL ON {table} FROM {quoted(role)}")
        if privileges := _PRIVILEGES[access]:
            said.append(f"GRANT USAGE ON SCHEMA {quoted(schema)} TO {quoted(role)}")
            said.append(f"GRANT {', '.join(privileges)} ON {table} TO {quoted(role)}")
    return said
