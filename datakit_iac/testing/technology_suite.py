"""What every technology does alike, as a suite that its author's tests inherit.

>>> from pathlib import Path
>>> from datakit_iac.testing import TechnologyKit, TechnologySuite
>>> class TestDuckDB(TechnologySuite):
...     @pytest.fixture
...     def kit(self, tmp_path: Path) -> TechnologyKit:
...         return duckdb_kit(tmp_path)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import pytest

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.dataset import Column, Place
from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.ownership import Mark
from datakit_iac.technologies.technology import StoreMissingError, Technology, technology

Rows = Sequence[tuple[int, str]]
"""Rows of the columns `id` and `name`."""

MARK: Final = Mark(stack="shop/dev", dataset="users", generation="1f")
ROWS: Final[Rows] = [(1, "ann"), (2, "bob"), (2, "bob"), (3, 'o\'hara\n"q"')]


@dataclass(frozen=True)
class TechnologyKit:
    """What the suite needs to know of a technology.

    Attributes:
        connection: a Store that is not there yet, and that `open(…, create=True)` makes.
        place: the place of a name in it.
        fill: puts rows of `id` and `name` where a place is, instead of those that are there; makes it where it is not,
            as somebody else would, with the technology's own means.
    """

    connection: Connection
    place: Callable[[str], Place]
    fill: Callable[[Place, Rows], None]

    @property
    def technology(self) -> Technology:
        """The technology under test, as it is installed."""
        return technology(self.connection.technology)

    def dataset(self, name: str = "users", **more: Any) -> BoundDataSet:
        """A DataSet at the place of a name, with the columns `id` and `name`."""
        columns = (Column(name="id", type=DataType.parse("bigint")), Column(name="name", type=DataType.parse("text")))
        given = {"name": "users", "store": "store", "columns": columns, "description": "All users.", **more}
        return BoundDataSet(connection=self.connection, place=self.place(name), **given)


class TechnologySuite:
    """The conformance suite: a class of tests that inherits it gives the fixture `kit`, a `TechnologyKit`."""

    @pytest.fixture
    def kit(self) -> TechnologyKit:
        """The technology under test."""
        raise NotImplementedError("give the fixture `kit`, which returns a TechnologyKit")

    @pytest.fixture
    def made(self, kit: TechnologyKit) -> TechnologyKit:
        """A Store that is there and holds `users`, empty."""
        with kit.technology.open(kit.connection, create=True) as session:
            session.create(kit.dataset(), MARK)
        return kit

    def test_a_store_that_is_not_there_is_missing(self, kit: TechnologyKit) -> None:
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
            assert session.fingerprint(kit.dataset()) == ""

    def test_what_is_created_is_empty_and_carries_description_and_mark(self, made: TechnologyKit) -> None:
        with made.technology.open(made.connection) as session:
            live = session.describe(made.place("users"))
        assert live is not None
        assert (live.description, live.mark, live.rows) == ("All users.", MARK, 0)
        expected = ["id", "name"] if made.technology.capabilities.keeps_schema else []
        assert [column.name for column in live.columns] == expected

    @pytest.mark.parametrize(
        "description", ["", 'It\'s "theirs".\n\nTwo parts.', "[datakit stack=a dataset=b generation=c]"]
    )
    def test_description_and_mark_are_written_anew(self, made: TechnologyKit, description: str) -> None:
        mark = replace(MARK, generation="2a")
        with made.technology.open(made.connection) as session:
            session.alter(made.dataset(description=description), (), mark)
            live = session.describe(made.place("users"))
        assert live is not None
        assert (live.description, live.mark) == (description, mark)

    def test_what_others_made_carries_no_mark(self, kit: TechnologyKit) -> None:
        with kit.technology.open(kit.connection, create=True) as session:
            session.create(kit.dataset("other"), MARK)
        kit.fill(kit.place("users"), ROWS)
        with kit.technology.open(kit.connection) as session:
            live = session.describe(kit.place("users"))
        assert live is not None
        assert (live.mark, live.rows > 0) == (None, True)

    def test_a_renamed_dataset_keeps_its_data_and_its_mark(self, made: TechnologyKit) -> None:
        made.fill(made.place("users"), ROWS)
        with made.technology.open(made.connection) as session:
            before = session.describe(made.place("users"))
            session.rename(made.place("users"), "users__old")
            assert session.describe(made.place("users")) is None
            assert session.describe(made.place("users__old")) == before

    def test_a_dropped_dataset_is_gone(self, made: TechnologyKit) -> None:
        made.fill(made.place("users"), ROWS)
        with made.technology.open(made.connection) as session:
            session.drop(made.place("users"))
            assert session.describe(made.place("users")) is None

    def test_places_are_found_by_a_part_of_their_names(self, made: TechnologyKit) -> None:
        with made.technology.open(made.connection) as session:
            for name in ("users__a", "users__b", "orders"):
                session.create(made.dataset(name), MARK)
            found = [made.technology.address(each) for each in session.places("s__")]
            assert found == [made.technology.address(made.place(name)) for name in ("users__a", "users__b")]
            assert session.places("x__") == []

    def test_the_fingerprint_is_that_of_the_rows_in_any_order(self, made: TechnologyKit) -> None:
        prints = []
        for rows in (ROWS, list(reversed(ROWS)), ROWS):
            made.fill(made.place("users"), rows)
            with made.technology.open(made.connection) as session:
                prints.append(session.fingerprint(made.dataset()))
        assert len(set(prints)) == 1

    @pytest.mark.parametrize("rows", [ROWS[:-1], [*ROWS, ROWS[0]], [*ROWS[:-1], (4, ROWS[-1][1])], []])
    def test_the_fingerprint_changes_with_the_rows(self, made: TechnologyKit, rows: list[tuple[int, str]]) -> None:
        prints = []
        for content in (ROWS, rows):
            made.fill(made.place("users"), content)
            with made.technology.open(made.connection) as session:
                prints.append(session.fingerprint(made.dataset()))
        assert prints[0] != prints[1]

    def test_a_location_tells_the_store_and_back(self, kit: TechnologyKit) -> None:
        location = kit.technology.location(kit.connection)
        assert location.startswith(f"{kit.connection.technology}:")
        assert kit.technology.connection(location) == kit.connection

    def test_a_sound_connection_has_no_faults(self, made: TechnologyKit) -> None:
        assert made.technology.check(made.connection) == []

    def test_the_plan_for_a_new_dataset_is_told_in_statements(self, kit: TechnologyKit) -> None:
        assert any("users" in statement for statement in kit.technology.ddl(kit.dataset(), None))

    def test_a_place_of_a_name_with_signs_is_kept_apart(self, kit: TechnologyKit) -> None:
        odd = Place(table='we"ird; drop') if kit.place("x").table else Place(prefix="we ird; drop")
        with kit.technology.open(kit.connection, create=True) as session:
            session.create(replace(kit.dataset(), place=odd), MARK)
            assert session.describe(odd) is not None
            session.drop(odd)
            assert session.describe(odd) is None

    def test_a_store_has_no_size_until_it_is_there_and_then_grows(self, kit: TechnologyKit) -> None:
        size = kit.technology.size(kit.connection)
        with kit.technology.open(kit.connection, create=True) as session:
            session.create(kit.dataset(), MARK)
        made = kit.technology.size(kit.connection)
        kit.fill(kit.place("users"), [(number, str(number) * 99) for number in range(20_000)])
        assert size == 0
        assert made < 1_000_000 < kit.technology.size(kit.connection) < 20_000_000
