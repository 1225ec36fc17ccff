"""The suite that every technology passes, on ours; and what those whose Stores are paths do alike."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path

import pytest

from datakit_iac.contract.connection import Connection
from datakit_iac.technologies.roles import AltersSchema, role
from datakit_iac.technologies.technology import GROUP, StoreError, technology
from datakit_iac.testing import MARK, TechnologyKit, TechnologySuite
from tests.packages import install, python
from tests.technologies.kits import KITS, duckdb_kit, files_kit, kafka_kit, postgres_kit, s3_kit, snowflake_kit


class TestDuckDB(TechnologySuite):
    @pytest.fixture
    def kit(self, tmp_path: Path) -> TechnologyKit:
        return duckdb_kit(tmp_path)


class TestFiles(TechnologySuite):
    @pytest.fixture
    def kit(self, tmp_path: Path) -> TechnologyKit:
        return files_kit(tmp_path)


class TestKafka(TechnologySuite):
    @pytest.fixture
    def kit(self, tmp_path: Path) -> TechnologyKit:
        return kafka_kit(tmp_path)


class TestPostgres(TechnologySuite):
    @pytest.fixture
    def kit(self, tmp_path: Path) -> TechnologyKit:
        return postgres_kit(tmp_path)


class TestS3(TechnologySuite):
    @pytest.fixture
    def kit(self, tmp_path: Path) -> TechnologyKit:
        return s3_kit(tmp_path)


class TestSnowflake(TechnologySuite):
    @pytest.fixture
    def kit(self, tmp_path: Path) -> TechnologyKit:
        return snowflake_kit(tmp_path)


PATHS = ("duckdb", "files")
"""The technologies whose Stores are paths."""


@pytest.fixture(params=PATHS)
def kit(request: pytest.FixtureRequest, tmp_path: Path) -> TechnologyKit:
    made: TechnologyKit = KITS[request.param](tmp_path)
    return made


@pytest.fixture
def made(kit: TechnologyKit) -> TechnologyKit:
    """A Store that is there and holds `users`, empty."""
    with kit.technology.open(kit.connection, create=True) as session:
        role(session, AltersSchema, kit.technology.name).create(kit.dataset(), MARK)
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


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({}, "needs `path`"),
        ({"path": ""}, "path is ''; expected"),
        ({"path": 5}, "path is 5; expected"),
        ({"path": "x" * 300}, ""),
        ({"path": "file.txt/below"}, "file.txt"),
        ({"path": ".", "pat": 1}, "has no option 'pat'; did you mean 'path'"),
    ],
)
def test_each_fault_of_a_connection_is_one_sentence(
    kit: TechnologyKit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, object], fault: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file.txt").touch()
    faults = kit.technology.check(Connection(kit.connection.technology, options))
    assert any(fault in str(each) for each in faults)


def test_a_path_of_the_wrong_kind_is_a_fault(kit: TechnologyKit, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    wrong = str(tmp_path if kit.connection.technology == "duckdb" else tmp_path / "file")
    assert len(kit.technology.check(Connection(kit.connection.technology, {"path": wrong}))) == 1


def test_a_path_that_may_not_be_read_is_a_fault(made: TechnologyKit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)  # the tests may run as root, whom nothing is denied
    assert len(made.technology.check(made.connection)) == 1
