"""What every technology does alike, as a suite that its author's tests inherit.

>>> from pathlib import Path
>>> from datakit_iac.testing import TechnologyKit, TechnologySuite
>>> class TestDuckDB(TechnologySuite):
...     @pytest.fixture
...     def kit(self, tmp_path: Path) -> TechnologyKit:
...         return duckdb_kit(tmp_path)
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from typing import TypeVar

import pytest

from datakit_iac.manifest.models.column import Column, Test
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.evolution import plan
from datakit_iac.technologies.looking import MASK
from datakit_iac.technologies.roles import (
    AltersSchema,
    DataVersion,
    Discards,
    Drops,
    MeasuresSize,
    ReadsRows,
    RunsDataTests,
    VersionsData,
    data_tests,
)
from datakit_iac.technologies.technology import StoreError, StoreMissingError, address
from datakit_iac.testing.behaviour_table import PROPERTY
from datakit_iac.testing.technology_kit import MARK, ROWS, TechnologyKit


class TechnologySuite:
    """The conformance suite: a class of tests that inherits it gives the fixture `kit`, a `TechnologyKit`."""

    @pytest.fixture
    def kit(self) -> TechnologyKit:
        """The technology under test."""
        raise NotImplementedError("give the fixture `kit`, which returns a TechnologyKit")

    @pytest.fixture(autouse=True)
    def _named(self, kit: TechnologyKit, record_property: Callable[[str, object], None]) -> None:
        record_property(PROPERTY, kit.connection.technology)

    @pytest.fixture
    def made(self, kit: TechnologyKit) -> TechnologyKit:
        """A Store that is there and holds `users`, empty."""
        with kit.technology.open(kit.connection, create=True) as session:
            _role(session, AltersSchema).create(kit.dataset(), MARK)
        return kit

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
            _role(session, AltersSchema).alter(made.dataset(description=description), (), mark)
            live = session.describe(made.place("users"))
        assert live is not None
        assert (live.description, live.mark) == (description, mark)

    def test_a_column_is_added_with_its_description(self, made: TechnologyKit) -> None:
        added = Column(name="note", type=DataType.parse("text"), description="It's new.")
        dataset = made.dataset(columns=(*made.dataset().columns, added))
        canonical = made.technology.canonical
        with made.technology.open(made.connection) as session:
            changes = plan(made.dataset().columns, dataset.columns, canonical=canonical)
            _role(session, AltersSchema).alter(dataset, changes, MARK)
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
            _role(session, Discards).rename(made.place("users"), "users__old")
            assert session.describe(made.place("users")) is None
            assert session.describe(made.place("users__old")) == before

    def test_a_dropped_dataset_is_gone(self, made: TechnologyKit) -> None:
        made.fill(made.place("users"), ROWS)
        with made.technology.open(made.connection) as session:
            _role(session, Drops).drop(made.place("users"))
            assert session.describe(made.place("users")) is None
            _role(session, AltersSchema).create(made.dataset(description=""), MARK)
            live = session.describe(made.place("users"))
        assert live is not None
        assert live.description == ""

    def test_places_are_found_by_a_part_of_their_names(self, made: TechnologyKit) -> None:
        with made.technology.open(made.connection) as session:
            for name in ("users__a", "users__b", "orders"):
                _role(session, AltersSchema).create(made.dataset(name), MARK)
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

    def test_rows_are_seen_as_they_are(self, made: TechnologyKit) -> None:
        with made.technology.open(made.connection) as session:
            assert list(_role(session, ReadsRows).sample(made.dataset(), limit=20).rows) == []
        made.fill(made.place("users"), ROWS)
        with made.technology.open(made.connection) as session:
            seen = _role(session, ReadsRows)
            everything = seen.sample(made.dataset(), limit=20)
            assert (everything.columns, sorted(everything.rows)) == (("id", "name"), sorted(ROWS))
            assert len(seen.sample(made.dataset(), limit=3).rows) == 3
            assert list(seen.sample(made.dataset(), limit=9, where="id > 2 AND name LIKE 'o%'").rows) == [ROWS[-1]]

    def test_personal_data_is_masked_and_tells_nothing(self, made: TechnologyKit) -> None:
        made.fill(made.place("users"), ROWS)
        name = Column(name="name", type=DataType.parse("text"), pii=True)
        dataset = made.dataset(columns=(made.dataset().columns[0], name))
        with made.technology.open(made.connection) as session:
            seen = _role(session, ReadsRows)
            found = seen.sample(dataset, limit=20)
            assert (found.masked, {row[1] for row in found.rows}) == (("name",), {MASK})
            assert {row[1] for row in seen.sample(dataset, limit=20, show_pii=True).rows} == {row[1] for row in ROWS}
            for where in ("name = 'ann'", "NAME LIKE 'a%'", 'length("name") > 3'):
                with pytest.raises(StoreError, match="personal data"):
                    seen.sample(dataset, limit=20, where=where)
            profiled = seen.profile(dataset).columns[1]
            assert (profiled.distinct, profiled.longest, profiled.smallest) == (3, len(ROWS[-1][1]), None)

    @pytest.mark.parametrize(
        "where",
        [
            "1=1) AS seen; DROP TABLE users; SELECT (1",
            "id IN (SELECT 1)",
            "nextval('x') > 0",
            "id > 0 -- all",
            "nowhere = 1",
            "id = 'a",
            "",
        ],
    )
    def test_a_condition_is_one_expression_over_the_columns(self, made: TechnologyKit, where: str) -> None:
        made.fill(made.place("users"), ROWS)
        refused = pytest.raises(StoreError, match="the condition `") if where else nullcontext()
        with made.technology.open(made.connection) as session, refused:
            _role(session, ReadsRows).sample(made.dataset(), limit=20, where=where)
        with made.technology.open(made.connection) as session:
            assert len(_role(session, ReadsRows).sample(made.dataset(), limit=20).rows) == len(ROWS)

    def test_a_profile_tells_nulls_values_ranges_and_lengths(self, made: TechnologyKit) -> None:
        made.fill(made.place("users"), ROWS)
        with made.technology.open(made.connection) as session:
            found = _role(session, ReadsRows).profile(made.dataset())
        assert found.rows == len(ROWS)
        key, name = found.columns
        assert (key.nulls, key.distinct, int(key.smallest), int(key.largest), key.longest) == (0, 3, 1, 3, None)
        assert (name.distinct, name.smallest, name.shortest, name.longest) == (3, "ann", 3, len(ROWS[-1][1]))

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
                _role(session, AltersSchema).create(replace(kit.dataset(), place=Place(topic="we ird; drop")), MARK)
            return
        with kit.technology.open(kit.connection, create=True) as session:
            _role(session, AltersSchema).create(replace(kit.dataset(), place=odd), MARK)
            assert session.describe(odd) is not None
            _role(session, Drops).drop(odd)
            assert session.describe(odd) is None

    def test_a_store_has_no_size_until_it_is_there_and_then_grows(self, kit: TechnologyKit) -> None:
        measures = _role(kit.technology, MeasuresSize)
        absent = measures.size(kit.connection)
        with kit.technology.open(kit.connection, create=True) as session:
            _role(session, AltersSchema).create(kit.dataset(), MARK)
        made = measures.size(kit.connection)
        kit.fill(kit.place("users"), [(number, str(number) * 99) for number in range(20_000)])
        assert absent == 0
        assert 1_000_000 < measures.size(kit.connection) - made < 20_000_000


Role = TypeVar("Role")


def _role(able: object, wanted: type[Role]) -> Role:
    if isinstance(able, wanted):
        return able
    pytest.skip(f"{type(able).__name__} is not one that {wanted.__name__}")


def _version(kit: TechnologyKit) -> DataVersion:
    with kit.technology.open(kit.connection) as session:
        found = _role(session, VersionsData).data_version(kit.dataset())
    assert found is not None
    return found
