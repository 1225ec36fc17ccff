"""One spelling for each path."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from datakit_iac.technologies import canonical as module
from datakit_iac.technologies.canonical import canonical


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    here = tmp_path / "project"
    here.mkdir()
    monkeypatch.chdir(here)
    return here


@pytest.mark.parametrize(
    "path", ["w.duckdb", "./w.duckdb", "a/../w.duckdb", "a//../w.duckdb", "{here}/w.duckdb", "link"]
)
@pytest.mark.parametrize("is_there", [True, False])
def test_a_path_below_the_working_directory_is_relative(folder: Path, path: str, is_there: bool) -> None:
    (folder / "a").mkdir()
    (folder / "link").symlink_to("w.duckdb")
    if is_there:
        (folder / "w.duckdb").touch()
    assert canonical(path.format(here=folder)) == "w.duckdb"


def test_a_path_elsewhere_is_absolute(folder: Path) -> None:
    assert canonical("../w.duckdb") == canonical(folder.parent / "w.duckdb") == f"{folder.parent}/w.duckdb"
    assert canonical(folder.with_name("project2")) == f"{folder.parent}/project2"


def test_the_working_directory_may_be_a_link(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = folder.parent / "link"
    link.symlink_to(folder)
    monkeypatch.chdir(link)
    assert canonical(link / "w.duckdb") == canonical(folder / "w.duckdb") == "w.duckdb"


def test_a_home_folder_is_seen_through(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder))
    assert canonical("~/w.duckdb") == "w.duckdb"


def test_upper_and_lower_case_are_two_files_where_the_file_system_tells_them_apart(folder: Path) -> None:
    (folder / "W.duckdb").touch()
    assert canonical("w.duckdb") != canonical("W.duckdb")


def test_upper_and_lower_case_are_one_file_where_the_file_system_does_not_tell_them_apart(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Stands in for such a file system, which cannot be mounted everywhere: what it answers about two spellings.
    def is_same(one: Path, other: Path) -> bool:
        return os.path.lexists(
            next((each for each in one.parent.iterdir() if each.name.lower() == one.name.lower()), one)
        )

    monkeypatch.setattr(module, "_is_same", is_same)
    (folder / "Data").mkdir()
    (folder / "Data" / "W.duckdb").touch()
    assert canonical("data/w.DUCKDB") == canonical("DATA/W.duckdb") == "Data/W.duckdb"
