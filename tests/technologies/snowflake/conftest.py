"""A database of the emulator for each test, and somebody else in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from datakit_iac.contract.connection import Connection
from datakit_iac.technologies.snowflake.factory import Snowflake
from datakit_iac.technologies.snowflake.session import SnowflakeSession
from datakit_iac.testing import TechnologyKit
from tests.technologies.kits import snowflake_as_somebody, snowflake_kit

Answers = dict[str, list[tuple[Any, ...]]]
Sql = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture
def kit(tmp_path: Path) -> TechnologyKit:
    return snowflake_kit(tmp_path)


@pytest.fixture
def session(kit: TechnologyKit) -> Iterator[SnowflakeSession]:
    with Snowflake().open(kit.connection, create=True) as opened:
        yield opened


@pytest.fixture
def somebody(kit: TechnologyKit, session: SnowflakeSession) -> Iterator[Sql]:
    """The same database, as somebody else uses it."""
    with snowflake_as_somebody(str(kit.connection.options["database"])) as other:
        yield lambda sql: other.cursor().execute(sql).fetchall()  # type: ignore[union-attr]


@contextmanager
def asked(
    monkeypatch: pytest.MonkeyPatch, answers: dict[str, list[tuple[Any, ...]]] | None = None
) -> Iterator[list[str]]:
    """The statements that sessions send.

    Those that the emulator cannot carry out are answered here, and only recorded: nothing is proven of them but their
    text. `answers` has what is given for a statement that contains a text.
    """
    sent: list[str] = []
    execute = SnowflakeSession.rows, SnowflakeSession.together
    beyond = ("GRANT ", "REVOKE ", " TAG ", "MASKING POLICY", "table_privileges", "SYSTEM$")

    def rows(self: SnowflakeSession, query: str, parameters: Any = ()) -> list[tuple[Any, ...]]:
        sent.append(query)
        for text, answer in (answers or {}).items():
            if text in query:
                return answer
        return execute[0](self, query, parameters)

    def together(self: SnowflakeSession, statements: list[str]) -> None:
        sent.extend(statements)
        execute[1](self, [_plain(each) for each in statements if not each.startswith(beyond[:2])])

    def _plain(statement: str) -> str:
        if "ADD COLUMN" in statement:
            return statement.partition(" MASKING POLICY")[0]
        return "SELECT 1" if any(each in statement for each in beyond) else statement

    with monkeypatch.context() as patched:
        patched.setattr(SnowflakeSession, "rows", rows)
        patched.setattr(SnowflakeSession, "together", together)
        yield sent


def with_options(connection: Connection, **options: object) -> Connection:
    """The same Store with more said of it."""
    return Connection("snowflake", {**connection.options, **options}, connection.secrets)
