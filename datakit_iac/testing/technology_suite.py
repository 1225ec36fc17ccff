"""What every technology does alike, as a suite that its author's tests inherit.

>>> from pathlib import Path
>>> from datakit_iac.testing import TechnologyKit, TechnologySuite
>>> class TestDuckDB(TechnologySuite):
...     @pytest.fixture
...     def kit(self, tmp_path: Path) -> TechnologyKit:
...         return duckdb_kit(tmp_path)
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from datakit_iac.manifest.models.column import Column, Test
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.data_version import DataVersion
from datakit_iac.technologies.evolution import plan
from datakit_iac.technologies.roles import (
    AltersSchema,
    Discards,
    Drops,
    RunsDataTests,
    VersionsData,
    data_tests,
)
from datakit_iac.technologies.technology import StoreError, StoreMissingError, address
from datakit_iac.technologies.technology_roles import MeasuresSize
from datakit_iac.testing.looking_suite import LookingSuite, able
from datakit_iac.testing.technology_kit import MARK, ROWS, TechnologyKit


class TechnologySuite(LookingSuite):
    """The conformance suite: a class of tests that inherits it gives the fixture `kit`, a `TechnologyKit`."""

    def test_a_store_that_is_not_there_is_missing(self, kit: TechnologyKit) -> None:
        if not kit.is_made:
            with kit.technology.open(kit.connection) as session:
                assert session.describe(kit.place("users")) is None
            return
        with pytest.raises(StoreMissingError, match="there is no"), kit.technology.open(kit.connection):
            pass

    def test_a_store_is_made_where_it_should_be(self, kit: TechnologyKit) -> None:
        with kit.technology.open(kit.connection, create=True):
            pass
        with kit.technology.open(kit.connection) as session:
            assert isinstance(session.version(), str)

    def test_there_is_nothing_at_first(self, kit: TechnologyKit) -> None:
        with kit.technology.open(kit.connection, create=True) as session:
            assert session.describe(kit.place("users")) is None
            assert session.places("users") == []
            if isinstance(session, VersionsData):
                assert session.data_version(kit.dataset()) is None

    def test_what_is_created_is_empty_and_carries_description_and_mark(self, made: TechnologyKit) -> None:
        with made.technology.open(made.connection) as session:
            live = session.describe(made.place("users"))
            assert session.count(made.place("users")) == 0
        assert live is not None
        assert (live.description, live.mark, live.is_empty) == ("All users.", MARK, True)
        expected = ["id", "name"] if made.technology.capabilities.keeps_schema else []
        assert [column.name for column in live.columns] == expected

    @pytest.mark.parametrize(
        "description", ["", 'It\'s "theirs".\n\nTwo parts.', "[datakit stack=a dataset=b generation=c]"]
    )
    def test_description_and_mark_are_replaced(self, made: TechnologyKit, description: str) -> None:
        mark = replace(MARK, generation="2a")
        with made.technology.open(made.connection) as session:
            able(session, AltersSchema).alter(made.dataset(description=description), (), mark)
            live = session.describe(made.place("users"))
        assert live is not None
        assert (live.description, live.mark) == (description, mark)

    def test_a_column_is_added_with_its_description(self, made: TechnologyKit) -> None:
        added = Column(name="note", type=DataType.parse("text"), description="It's new.")
        dataset = made.dataset(columns=(*made.dataset().columns, added))
        canonical = made.technology.canonical
        with made.technology.open(made.connection) as session:
            changes = plan(made.dataset().columns, dataset.columns, canonical=canonical)
            able(session, AltersSchema).alter(dataset, changes, MARK)
            live = session.describe(dataset.place)
        assert live is not None
        if made.technology.capabilities.keeps_schema:
            assert plan(live.columns, dataset.columns, canonical=canonical) == ()
            assert [column.description for column in live.columns] == ["", "", "It's new."]

    def test_what_others_made_carries_no_mark(self, kit: TechnologyKit) -> None:
        with kit.technology.open(kit.connection, create=True) as session:
            if isinstance(session, AltersSchema):
                session.create(kit.dataset("other"), MARK)
        kit.fill(kit.place("users"), ROWS)
        with kit.technology.open(kit.connection) as session:
            live = session.describe(kit.place("users"))
            assert session.count(kit.place("users")) > 0
        assert live is not None
        assert (live.mark, live.is_empty) == (None, False)

    def test_a_renamed_dataset_keeps_its_data_and_its_mark(self, made: TechnologyKit) -> None:
        made.fill(made.place("users"), ROWS)
        with made.technology.open(made.connection) as session:
            before = session.describe(made.place("users"))
            able(session, Discards).rename(made.place("users"), "users__old")
            assert session.describe(made.place("users")) is None
            assert session.describe(made.place("users__old")) == before

    def test_a_dropped_dataset_is_gone(self, made: TechnologyKit) -> None:
        made.fill(made.place("users"), ROWS)
        with made.technology.open(made.connection) as session:
            able(session, Drops).drop(made.place("users"))
            assert session.describe(made.place("users")) is None
            able(session, AltersSchema).create(made.dataset(description=""), MARK)
            live = session.describe(made.place("users"))
        assert live is not None
        assert live.description == ""

    def test_places_are_found_by_a_part_of_their_names(self, made: TechnologyKit) -> None:
        with made.technology.open(made.connection) as session:
            for name in ("users__a", "users__b", "orders"):
                able(session, AltersSchema).create(made.dataset(name), MARK)
            found = [made.technology.address(each, made.connection) for each in session.places("s__")]
            assert found == [address(made.dataset(name)) for name in ("users__a", "users__b")]
            assert session.places("x__") == []

    def test_the_data_version_stays_while_the_rows_do(self, made: TechnologyKit) -> None:
        versions = []
        for rows in (ROWS, list(reversed(ROWS)), ROWS):
            made.fill(made.place("users"), rows)
            versions += [_version(made), _version(made)]
        same = versions if versions[0].kind == "digest" else versions[:2]  # a token may change with what is written
        assert len(set(same)) == 1

    @pytest.mark.parametrize("rows", [ROWS[:-1], [*ROWS, ROWS[0]], [*ROWS[:-1], (4, ROWS[-1][1])], []])
    def test_the_data_version_changes_with_the_rows(self, made: TechnologyKit, rows: list[tuple[int, str]]) -> None:
        versions = []
        for content in (ROWS, rows):
            made.fill(made.place("users"), content)
            versions.append(_version(made))
        assert versions[0] != versions[1]

    def test_data_tests_tell_the_rows_that_fail_or_are_refused(self, made: TechnologyKit) -> None:
        made.fill(made.place("users"), ROWS)
        unique = Column(name="id", type=DataType.parse("bigint"), tests=[Test(unique=True)])
        with made.technology.open(made.connection) as session:
            if isinstance(session, RunsDataTests):
                found = session.violations(made.dataset(columns=(unique,)))
                assert [str(each) for each in found] == ["unique(id): 1 row"]
            else:
                with pytest.raises(StoreError, match="tests of users cannot run"):
                    data_tests(session, made.dataset(columns=(unique,)))

    def test_a_location_tells_the_store_and_back(self, kit: TechnologyKit) -> None:
        location = kit.technology.location(kit.connection)
        assert location.startswith(f"{kit.connection.technology}:")
        assert kit.technology.location(kit.technology.at(location)) == location

    def test_a_sound_connection_has_no_faults(self, made: TechnologyKit) -> None:
        assert made.technology.check(made.connection) == []

    def test_the_plan_for_a_new_dataset_is_told_in_statements(self, kit: TechnologyKit) -> None:
        assert any("users" in statement for statement in kit.technology.ddl(kit.dataset(), None))

    def test_a_place_of_a_name_with_signs_is_kept_apart(self, kit: TechnologyKit) -> None:
        odd = Place(table='we"ird; drop') if kit.place("x").table else Place(prefix="we ird; drop")
        if kit.place("x").topic:
            with kit.technology.open(kit.connection) as session, pytest.raises(StoreError, match="we ird; drop"):
                able(session, AltersSchema).create(replace(kit.dataset(), place=Place(topic="we ird; drop")), MARK)
            return
        with kit.technology.open(kit.connection, create=True) as session:
            able(session, AltersSchema).create(replace(kit.dataset(), place=odd), MARK)
            assert session.describe(odd) is not None
            able(session, Drops).drop(odd)
            assert session.describe(odd) is None

    def test_a_store_has_no_size_until_it_is_there_and_then_grows(self, kit: TechnologyKit) -> None:
        measures = able(kit.technology, MeasuresSize)
        absent = measures.size(kit.connection)
        with kit.technology.open(kit.connection, create=True) as session:
            able(session, AltersSchema).create(kit.dataset(), MARK)
        made = measures.size(kit.connection)
        kit.fill(kit.place("users"), [(number, str(number) * 99) for number in range(20_000)])
        assert absent == 0
        assert 1_000_000 < measures.size(kit.connection) - made < 20_000_000


def _version(kit: TechnologyKit) -> DataVersion:
    with kit.technology.open(kit.connection) as session:
        found = able(session, VersionsData).data_version(kit.dataset())
    assert found is not None
    return found
