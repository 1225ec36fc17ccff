"""What a session can do is asked for where it is needed, and told in words where it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.column import Test
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.technologies.data_version import DataVersion
from datakit_iac.technologies.duckdb.factory import DuckDB
from datakit_iac.technologies.files.factory import Files
from datakit_iac.technologies.roles import (
    AltersSchema,
    Discards,
    RunsDataTests,
    VersionsData,
    data_tests,
    role,
    version_of,
)
from datakit_iac.technologies.technology import StoreError, TableState
from datakit_iac.technologies.technology_roles import MeasuresSize

TOPIC = BoundDataSet("events", "bus", Connection("bus"), Place(topic="events"))
ROLES = (AltersSchema, Discards, VersionsData, RunsDataTests)


class Topics:
    """A session that tells offsets, and can do no more."""

    def version(self) -> str:
        return "1"

    def describe(self, place: Place) -> TableState | None:
        return TableState(())

    def count(self, place: Place) -> int:
        return 0

    def places(self, infix: str) -> list[Place]:
        return []

    def data_version(self, dataset: BoundDataSet) -> DataVersion | None:
        return DataVersion("0:42", "token") if dataset.place.topic == "events" else None


def test_a_token_is_recorded_as_one_and_a_digest_as_it_is() -> None:
    assert version_of(Topics(), TOPIC) == "token:0:42"
    assert str(DataVersion("1f")) == "1f"
    gone = BoundDataSet("gone", "bus", Connection("bus"), Place(topic="gone"))
    assert version_of(Topics(), gone) == ""


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        (AltersSchema, "bus cannot make or alter DataSets; declare it as `external`"),
        (Discards, "bus cannot put data aside or remove it"),
        (RunsDataTests, "bus cannot test data"),
        (MeasuresSize, "bus cannot tell how large a Store is"),
    ],
)
def test_what_a_session_cannot_do_is_told_in_words(wanted: type, says: str) -> None:
    with pytest.raises(StoreError, match=says):
        role(Topics(), wanted, "bus")


def test_tests_are_refused_where_they_cannot_run_and_their_absence_is_not() -> None:
    assert data_tests(Topics(), TOPIC) == []
    tested = BoundDataSet("events", "bus", Connection("bus"), Place(topic="events"), tests=(Test(sql="SELECT 1"),))
    with pytest.raises(StoreError, match="tests of events cannot run on bus"):
        data_tests(Topics(), tested)


def test_ours_have_the_roles_that_their_stores_allow(tmp_path: Path) -> None:
    with DuckDB().open(Connection("duckdb", {"path": str(tmp_path / "w.duckdb")}), create=True) as tables:
        assert [isinstance(tables, each) for each in ROLES] == [True, True, True, True]
    with Files().open(Connection("files", {"path": str(tmp_path)})) as files:
        assert [isinstance(files, each) for each in ROLES] == [True, True, True, False]
