"""What roles may do with a table, as a connection says it (https://www.postgresql.org/docs/current/sql-grant.html)."""

from __future__ import annotations

from collections.abc import Mapping

from datakit_iac.manifest.models.dataset import Place
from datakit_iac.technologies.sql.dialect import Dialect
from datakit_iac.technologies.sql.grants import PRIVILEGES
from datakit_iac.technologies.sql.names import quoted


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
        if privileges := PRIVILEGES[access]:
            said.append(f"GRANT USAGE ON SCHEMA {quoted(schema)} TO {quoted(role)}")
            said.append(f"GRANT {', '.join(privileges)} ON {table} TO {quoted(role)}")
    return said
