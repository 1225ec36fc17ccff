"""What every technology does alike: one suite over all of them."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from datakit_iac.manifest.dataset import Place
from datakit_iac.technologies.bound import Connection
from datakit_iac.technologies.technology import GROUP, StoreError, StoreMissingError, technology
from tests.packages import install, python
from tests.technologies.kits import KITS, MARK, ROWS, Kit


@pytest.fixture(params=KITS)
def kit(request: pytest.FixtureRequest, tmp_path: Path) -> Kit:
    made: Kit = KITS[request.param](tmp_path)
    return made


@pytest.fixture
def made(kit: Kit) -> Kit:
    """A Store that is there and holds `users`, empty."""
    with kit.technology.open(kit.connection, create=True) as session:
        session.create(kit.dataset(), MARK)
    return kit


def test_every_installed_technology_is_in_this_suite() -> None:
    ours = [each.name for each in entry_points(group=GROUP) if each.value.startswith("datakit_iac.")]
    assert sorted(ours) == sorted(KITS)


def test_this_suite_is_ours_whatever_else_is_installed(tmp_path: Path) -> None:
    text = "from datakit_iac.technologies.files.factory import Files as Inbox\n"
    install(tmp_path, "acme_technology", text, {GROUP: {"inbox": "acme_technology:Inbox"}})
    named = f"{__file__}::{test_every_installed_technology_is_in_this_suite.__name__}"
    done = python(tmp_path, "-m", "pytest", named, "-p", "no:cacheprovider")
    assert done.returncode == 0, done.stdout


def test_an_unknown_technology_names_the_nearest() -> None:
    with pytest.raises(StoreError, match="no technology 'dukdb' is installed: did you mean 'duckdb'"):
        technology("dukdb")


def test_a_store_that_is_not_there_is_missing(kit: Kit) -> None:
    with pytest.raises(StoreMissingError, match="there is no"), kit.technology.open(kit.connection):
        pass


def test_a_store_is_made_where_it_should_be(kit: Kit) -> None:
    with kit.technology.open(kit.connection, create=True):
        pass
    with kit.technology.open(kit.connection) as session:
        assert isinstance(session.version(), str)


def test_there_is_nothing_at_first(kit: Kit) -> None:
    with kit.technology.open(kit.connection, create=True) as session:
        assert session.describe(kit.place("users")) is None
        assert session.fingerprint(kit.dataset()) == ""


def test_what_is_created_is_empty_and_carries_description_and_mark(made: Kit) -> None:
    with made.technology.open(made.connection) as session:
        live = session.describe(made.place("users"))
    assert live is not None
    assert (live.description, live.mark, live.rows) == ("All users.", MARK, 0)
    expected = ["id", "name"] if made.technology.capabilities.keeps_schema else []
    assert [column.name for column in live.columns] == expected


@pytest.mark.parametrize(
    "description", ["", 'It\'s "theirs".\n\nTwo parts.', "[datakit stack=a dataset=b generation=c]"]
)
def test_description_and_mark_are_written_anew(made: Kit, description: str) -> None:
    mark = replace(MARK, generation="2a")
    with made.technology.open(made.connection) as session:
        session.alter(made.dataset(description=description), (), mark)
        live = session.describe(made.place("users"))
    assert live is not None
    assert (live.description, live.mark) == (description, mark)


def test_what_others_made_carries_no_mark(kit: Kit) -> None:
    with kit.technology.open(kit.connection, create=True) as session:
        session.create(kit.dataset("other"), MARK)
    kit.fill(kit.place("users"), ROWS)
    with kit.technology.open(kit.connection) as session:
        live = session.describe(kit.place("users"))
    assert live is not None
    assert (live.mark, live.rows > 0) == (None, True)


def test_a_renamed_dataset_keeps_its_data_and_its_mark(made: Kit) -> None:
    made.fill(made.place("users"), ROWS)
    with made.technology.open(made.connection) as session:
        before = session.describe(made.place("users"))
        session.rename(made.place("users"), "users__old")
        assert session.describe(made.place("users")) is None
        assert session.describe(made.place("users__old")) == before


def test_a_dropped_dataset_is_gone(made: Kit) -> None:
    made.fill(made.place("users"), ROWS)
    with made.technology.open(made.connection) as session:
        session.drop(made.place("users"))
        assert session.describe(made.place("users")) is None


def test_places_are_found_by_a_part_of_their_names(made: Kit) -> None:
    with made.technology.open(made.connection) as session:
        for name in ("users__a", "users__b", "orders"):
            session.create(made.dataset(name), MARK)
        found = [made.technology.address(each) for each in session.places("s__")]
        assert found == [made.technology.address(made.place(name)) for name in ("users__a", "users__b")]
        assert session.places("x__") == []


def test_the_fingerprint_is_that_of_the_rows_in_any_order(made: Kit) -> None:
    prints = []
    for rows in (ROWS, list(reversed(ROWS)), ROWS):
        made.fill(made.place("users"), rows)
        with made.technology.open(made.connection) as session:
            prints.append(session.fingerprint(made.dataset()))
    assert len(set(prints)) == 1


@pytest.mark.parametrize("rows", [ROWS[:-1], [*ROWS, ROWS[0]], [*ROWS[:-1], (4, ROWS[-1][1])], []])
def test_the_fingerprint_changes_with_the_rows(made: Kit, rows: list[tuple[int, str]]) -> None:
    prints = []
    for content in (ROWS, rows):
        made.fill(made.place("users"), content)
        with made.technology.open(made.connection) as session:
            prints.append(session.fingerprint(made.dataset()))
    assert prints[0] != prints[1]


def test_a_location_tells_the_store_and_back(kit: Kit) -> None:
    location = kit.technology.location(kit.connection)
    assert location.startswith(f"{kit.connection.technology}:")
    assert kit.technology.connection(location) == kit.connection


def test_a_sound_connection_has_no_faults(made: Kit) -> None:
    assert made.technology.check(made.connection) == []


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({}, "path is None; expected"),
        ({"path": ""}, "path is ''; expected"),
        ({"path": 5}, "path is 5; expected"),
        ({"path": "x" * 300}, ""),
        ({"path": "file.txt/below"}, "file.txt"),
        ({"path": ".", "pat": 1}, "unknown option 'pat'; expected"),
    ],
)
def test_each_fault_of_a_connection_is_one_sentence(
    kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, object], fault: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file.txt").touch()
    faults = kit.technology.check(Connection(kit.connection.technology, options))
    assert any(fault in each for each in faults)


def test_a_path_of_the_wrong_kind_is_a_fault(kit: Kit, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    wrong = str(tmp_path if kit.connection.technology == "duckdb" else tmp_path / "file")
    assert len(kit.technology.check(Connection(kit.connection.technology, {"path": wrong}))) == 1


def test_a_path_that_may_not_be_read_is_a_fault(made: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)  # the tests may run as root, whom nothing is denied
    assert len(made.technology.check(made.connection)) == 1


def test_the_plan_for_a_new_dataset_is_told_in_statements(kit: Kit) -> None:
    assert any("users" in statement for statement in kit.technology.ddl(kit.dataset(), None))


def test_a_place_of_a_name_with_signs_is_kept_apart(kit: Kit) -> None:
    odd = Place(table='we"ird; drop') if kit.place("x").table else Place(prefix="we ird; drop")
    with kit.technology.open(kit.connection, create=True) as session:
        session.create(replace(kit.dataset(), place=odd), MARK)
        assert session.describe(odd) is not None
        session.drop(odd)
        assert session.describe(odd) is None


def test_a_store_has_no_size_until_it_is_there_and_then_grows(kit: Kit) -> None:
    size = kit.technology.size(kit.connection)
    with kit.technology.open(kit.connection, create=True) as session:
        session.create(kit.dataset(), MARK)
    made = kit.technology.size(kit.connection)
    kit.fill(kit.place("users"), [(number, str(number) * 99) for number in range(20_000)])
    assert size == 0
    assert made < 1_000_000 < kit.technology.size(kit.connection) < 20_000_000
