"""What every technology does alike for people who look at its rows, and the Store that its tests are given."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import TypeVar

import pytest

from datakit_iac.manifest.models.column import Column
from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.looking import MASK
from datakit_iac.technologies.roles import AltersSchema, ReadsRows
from datakit_iac.technologies.technology import StoreError
from datakit_iac.testing.behaviour_table import PROPERTY
from datakit_iac.testing.technology_kit import MARK, ROWS, TechnologyKit

Role = TypeVar("Role")


def able(found: object, wanted: type[Role]) -> Role:
    """A session or Technology that has a role; without it, the test is skipped."""
    if isinstance(found, wanted):
        return found
    pytest.skip(f"{type(found).__name__} is not one that {wanted.__name__}")


class LookingSuite:
    """Samples and profiles: the part of `TechnologySuite` for a Store whose rows can be seen."""

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
            able(session, AltersSchema).create(kit.dataset(), MARK)
        return kit

    def test_rows_are_seen_as_they_are(self, made: TechnologyKit) -> None:
        with made.technology.open(made.connection) as session:
            assert list(able(session, ReadsRows).sample(made.dataset(), limit=20).rows) == []
        made.fill(made.place("users"), ROWS)
        with made.technology.open(made.connection) as session:
            seen = able(session, ReadsRows)
            everything = seen.sample(made.dataset(), limit=20)
            assert (everything.columns, sorted(everything.rows)) == (("id", "name"), sorted(ROWS))
            assert len(seen.sample(made.dataset(), limit=3).rows) == 3
            assert list(seen.sample(made.dataset(), limit=9, where="id > 2 AND name LIKE 'o%'").rows) == [ROWS[-1]]

    def test_personal_data_is_masked_and_tells_nothing(self, made: TechnologyKit) -> None:
        made.fill(made.place("users"), ROWS)
        name = Column(name="name", type=DataType.parse("text"), pii=True)
        dataset = made.dataset(columns=(made.dataset().columns[0], name))
        with made.technology.open(made.connection) as session:
            seen = able(session, ReadsRows)
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
            able(session, ReadsRows).sample(made.dataset(), limit=20, where=where)
        with made.technology.open(made.connection) as session:
            assert len(able(session, ReadsRows).sample(made.dataset(), limit=20).rows) == len(ROWS)

    def test_a_profile_tells_nulls_values_ranges_and_lengths(self, made: TechnologyKit) -> None:
        made.fill(made.place("users"), ROWS)
        with made.technology.open(made.connection) as session:
            found = able(session, ReadsRows).profile(made.dataset())
        assert found.rows == len(ROWS)
        key, name = found.columns
        assert (key.nulls, key.distinct, int(key.smallest), int(key.largest), key.longest) == (0, 3, 1, 3, None)
        assert (name.distinct, name.smallest, name.shortest, name.longest) == (3, "ann", 3, len(ROWS[-1][1]))
