"""Files alone: patterns, single files, and what is outside the folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from datakit_iac.contract.connection import Connection
from datakit_iac.manifest.models.column import Test
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.technologies.files.factory import Files
from datakit_iac.technologies.roles import data_tests
from datakit_iac.technologies.technology import StoreError, StoreMissingError
from datakit_iac.testing import MARK, TechnologyKit
from tests.technologies.kits import files_kit


@pytest.fixture
def kit(tmp_path: Path) -> TechnologyKit:
    (tmp_path / "store").mkdir()
    return files_kit(tmp_path)


def test_a_single_file_is_a_dataset(kit: TechnologyKit, tmp_path: Path) -> None:
    (tmp_path / "store" / "users.csv").write_text("1,ann")
    with Files().open(kit.connection) as session:
        live = session.describe(Place(prefix="users.csv"))
        assert live is not None
        assert (live.is_empty, session.count(Place(prefix="users.csv"))) == (False, 1)
        session.drop(Place(prefix="users.csv"))
        assert session.describe(Place(prefix="users.csv")) is None


def test_a_pattern_is_all_the_files_that_fit(kit: TechnologyKit, tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv", "c.txt"):
        (tmp_path / "store" / name).write_text(name)
    dataset = replace(kit.dataset(), place=Place(prefix="*.csv"))
    with Files().open(kit.connection) as session:
        live = session.describe(dataset.place)
        assert live is not None
        assert (live.is_empty, session.count(dataset.place)) == (False, 2)
        before = session.data_version(dataset)
        (tmp_path / "store" / "c.txt").write_text("changed")
        assert session.data_version(dataset) == before
        with pytest.raises(StoreError, match="is a pattern"):
            session.create(dataset, MARK)


@pytest.mark.parametrize("prefix", ["..", "../other", "/", "/etc", "a/../../b"])
def test_nothing_outside_the_folder_is_touched(kit: TechnologyKit, prefix: str) -> None:
    with Files().open(kit.connection) as session:
        for act in (session.describe, session.drop):
            with pytest.raises(StoreError, match="is not in"):
                act(Place(prefix=prefix))


def test_a_folder_that_is_to_be_made_may_be_absent_where_it_can_be_made(kit: TechnologyKit, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    there, new, below_a_file = (str(tmp_path / name) for name in ("store", "a/b", "file/b"))
    paths = (there, new, below_a_file, f"{tmp_path}/file", "package:json/new")
    faults = {path: Files().check(Connection("files", {"path": path}), create=True) for path in paths}
    assert {path for path, told in faults.items() if not told} == {there, new}
    assert "cannot be made" in str(faults[below_a_file][0])


def test_the_folder_itself_stays(kit: TechnologyKit, tmp_path: Path) -> None:
    with Files().open(kit.connection) as session:
        with pytest.raises(StoreError, match="whole folder"):
            session.drop(Place(prefix="."))
        with pytest.raises(StoreError, match="whole folder"):
            session.rename(Place(prefix="."), "other")
    assert (tmp_path / "store").is_dir()


def test_tests_on_files_are_refused_in_words(kit: TechnologyKit) -> None:
    with Files().open(kit.connection) as session:
        assert data_tests(session, kit.dataset()) == []
        with pytest.raises(StoreError, match="cannot run on files"):
            data_tests(session, kit.dataset(tests=(Test(sql="SELECT 1"),)))


@pytest.mark.parametrize(
    "options",
    [
        {"nulls": "NA"},
        {"nulls": [1]},
        {"delimiter": 5},
        {"delimiter": "||"},
        {"delimiter": '"'},
        {"header": "yes"},
        {"maxRecordSize": "much"},
        {"maxRecordSize": "2Gi"},
        {"maxUnpackedSize": -1},
        {"maxUnpackedRatio": 0.5},
    ],
    ids=lambda options: next(iter(options)),
)
def test_options_of_csv_have_their_types(kit: TechnologyKit, options: dict[str, object]) -> None:
    faults = Files().check(Connection("files", {**kit.connection.options, **options}))
    assert len(faults) == 1
    assert str(faults[0]).startswith(f"{next(iter(options))} is ")


def test_limits_are_quantities(kit: TechnologyKit) -> None:
    limits = {"maxRecordSize": "64Mi", "maxUnpackedSize": 10**9, "maxUnpackedRatio": 50}
    assert Files().check(Connection("files", {**kit.connection.options, **limits})) == []


def test_a_folder_of_an_installed_package_is_a_store() -> None:
    assert Files().check(Connection("files", {"path": "package:datakit_iac/manifest"})) == []
    with pytest.raises(StoreMissingError), Files().open(Connection("files", {"path": "package:datakit_iac/nowhere"})):
        pass


def test_a_package_that_is_not_installed_is_a_fault() -> None:
    (fault,) = Files().check(Connection("files", {"path": "package:nowhere"}))
    assert "there is no installed Python package 'nowhere'" in str(fault)
