"""What roles may do with a table (https://docs.snowflake.com/en/sql-reference/sql/grant-privilege)."""

from __future__ import annotations

from collections.abc import Mapping

from datakit_iac.manifest.models.dataset import Place
from datakit_iac.technologies.snowflake.dialect import qualified, quote
from datakit_iac.technologies.sql.dialect import Dialect
from datakit_iac.technologies.sql.grants import PRIVILEGES


def statements(
    dialect: Dialect, database: str, place: Place, wanted: Mapping[str, str], there: Mapping[str, str], *, kind: str
) -> list[str]:
    """What gives each role what it should have; roles that are not named keep what they have.

    Args:
        dialect: of the Store.
        database: its name.
        place: the table or view.
        wanted: what each role should be able to do.
        there: what it can do.
        kind: `TABLE`, `VIEW` or what else `GRANT` names.
    """
    table, (schema, _) = dialect.qualified(place), dialect.parts(place)
    said: list[str] = []
    for role, access in wanted.items():
        before, named = there.get(role, "none"), f"ROLE {qualified(role)}"
        if before == access:
            continue
        if held := PRIVILEGES.get(before) or [each for each in PRIVILEGES["write"] if each in before]:
            said.append(f"REVOKE {', '.join(held)} ON {kind} {table} FROM {named}")
        if privileges := PRIVILEGES[access]:
            said.append(f"GRANT USAGE ON DATABASE {quote(database)} TO {named}")
            said.append(f"GRANT USAGE ON SCHEMA {quote(database)}.{quote(schema)} TO {named}")
            said.append(f"GRANT {', '.join(privileges)} ON {kind} {table} TO {named}")
    return said
