"""A database of the test server for each test, and two ways into it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from datakit_iac.technologies.postgres.factory import Postgres
from datakit_iac.technologies.postgres.session import PostgresSession
from datakit_iac.testing import TechnologyKit
from tests.technologies.kits import postgres, postgres_kit

Database = psycopg.Connection[tuple[Any, ...]]


@pytest.fixture
def kit(tmp_path: Path) -> TechnologyKit:
    return postgres_kit(tmp_path)


@pytest.fixture
def session(kit: TechnologyKit) -> Iterator[PostgresSession]:
    with Postgres().open(kit.connection, create=True) as opened:
        yield opened


@pytest.fixture
def database(kit: TechnologyKit, session: PostgresSession) -> Iterator[Database]:
    """The same database, as somebody else uses it."""
    with postgres(str(kit.connection.options["database"])) as other:
        yield other
