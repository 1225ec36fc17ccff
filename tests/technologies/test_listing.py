"""What the files of a place are: the same for a fingerprint, a description, a check and a load."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.technologies.files.cloudquery.adapter import FilesAdapter
from datakit_iac.technologies.files.cloudquery.source import FilesSource
from datakit_iac.technologies.files.cloudquery.spec import FilesSpec
from datakit_iac.technologies.files.factory import Files
from datakit_iac.technologies.files.listing import ListingError, files
from datakit_iac.technologies.roles import version_of
from datakit_iac.technologies.technology import StoreError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A Store with three files of rows, beside much that is none."""
    store = tmp_path / "store"
    for name in ("raw/a.csv", "raw/b.csv", "raw/deep/c.csv"):
        _file(store / name)
    for name in (".datakit", "raw/.datakit", "raw/.DS_Store", "raw/deep/.c.csv.swp", "raw/.git/x.csv", ".hidden/x.csv"):
        _file(store / name)
    return store


def _file(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"a\n{path.name}\n")
    return path


def _names(folder: Path, prefix: str) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in files(folder, prefix)]


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("raw", "raw/a.csv raw/b.csv raw/deep/c.csv"),
        ("raw/", "raw/a.csv raw/b.csv raw/deep/c.csv"),
        ("./raw/../raw", "raw/a.csv raw/b.csv raw/deep/c.csv"),
        (".", "raw/a.csv raw/b.csv raw/deep/c.csv"),
        ("", "raw/a.csv raw/b.csv raw/deep/c.csv"),
        ("raw/a.csv", "raw/a.csv"),
        ("raw/[ab].csv", "raw/a.csv raw/b.csv"),
        ("raw/?.csv", "raw/a.csv raw/b.csv"),
        ("raw/*", "raw/a.csv raw/b.csv raw/deep/c.csv"),
        ("r*", "raw/a.csv raw/b.csv raw/deep/c.csv"),
        ("*/deep", "raw/deep/c.csv"),
        ("**/c.csv", "raw/deep/c.csv"),
        ("**", "raw/a.csv raw/b.csv raw/deep/c.csv"),
        ("raw/**/*.csv", "raw/a.csv raw/b.csv raw/deep/c.csv"),
        ("raw/.git", "raw/.git/x.csv"),
        ("raw/.*/x.csv", "raw/.git/x.csv"),
        (".hidden/*.csv", ".hidden/x.csv"),
        ("RAW/*.csv", ""),
        ("raw/A.CSV", ""),
        ("raw/a.csv/b", ""),
        ("~/raw", ""),
        ("none", ""),
        ("none*/x", ""),
    ],
)
def test_a_prefix_means_these_files(folder: Path, prefix: str, expected: str) -> None:
    if (folder / "RAW").exists():
        pytest.skip("a file system that takes no heed of case")
    assert _names(folder, prefix) == expected.split()


@pytest.mark.parametrize("prefix", ["..", "../other", "/etc", "raw/../../x", "../*.csv", "raw/../../*"])
def test_a_prefix_does_not_leave_its_folder(folder: Path, prefix: str) -> None:
    with pytest.raises(ListingError, match=f"prefix .* is not in {folder}"):
        files(folder, prefix)


@pytest.mark.parametrize("prefix", ["a\0b", "a\0*", "x" * 300])
def test_a_prefix_that_is_no_path_is_told(folder: Path, prefix: str) -> None:
    with pytest.raises(ListingError):
        files(folder, prefix)


def test_a_linked_folder_counts_as_if_it_lay_there(folder: Path, tmp_path: Path) -> None:
    _file(tmp_path / "far" / "d.csv")
    _file(tmp_path / "far" / "deep" / "e.csv")
    (folder / "raw" / "link").symlink_to(tmp_path / "far")
    (folder / "link.csv").symlink_to(tmp_path / "far" / "d.csv")

    linked = ["raw/link/d.csv", "raw/link/deep/e.csv"]
    assert _names(folder, "raw/link") == linked
    assert _names(folder, "raw/l*") == linked
    assert _names(folder, "raw") == ["raw/a.csv", "raw/b.csv", "raw/deep/c.csv", *linked]
    assert _names(folder, "**/e.csv") == linked[1:]
    assert _names(folder, "*.csv") == ["link.csv"]


def test_links_in_a_circle_end(folder: Path) -> None:
    (folder / "raw" / "deep" / "up").symlink_to("..")
    (folder / "raw" / "self").symlink_to(".")

    for prefix in ("raw", "**", "raw/*", "**/?.csv"):
        assert _names(folder, prefix) == ["raw/a.csv", "raw/b.csv", "raw/deep/c.csv"]


@pytest.mark.parametrize("prefix", ["raw", "raw/*", "raw/**/*.csv"])
def test_one_file_under_two_names_is_refused(folder: Path, prefix: str) -> None:
    (folder / "raw" / "latest.csv").symlink_to("b.csv")

    with pytest.raises(ListingError, match=r"raw/b\.csv and .*raw/latest\.csv are one file, and its rows would count"):
        files(folder, prefix)
    assert _names(folder, "raw/latest.csv") == ["raw/latest.csv"]


@pytest.mark.parametrize("prefix", ["raw", "raw/*.csv", "raw/gone.csv", "**"])
@pytest.mark.parametrize("target", ["nowhere", "gone.csv"])
def test_a_link_that_leads_nowhere_is_refused_by_name(folder: Path, prefix: str, target: str) -> None:
    (folder / "raw" / "gone.csv").symlink_to(target)

    with pytest.raises(ListingError, match=r"raw/gone\.csv (is a link that leads nowhere|cannot be read: Too many)"):
        files(folder, prefix)
    (folder / "raw" / "gone.csv").rename(folder / "raw" / ".gone.csv")
    assert len(files(folder, "raw")) == 3


@pytest.mark.parametrize("prefix", ["raw", "raw/*", "raw/queue"])
def test_what_is_neither_file_nor_folder_is_refused(folder: Path, prefix: str) -> None:
    os.mkfifo(folder / "raw" / "queue")

    with pytest.raises(ListingError, match="raw/queue is neither a file nor a folder"):
        files(folder, prefix)


@contextmanager
def _as_nobody() -> Iterator[Path]:
    """A folder of a user who may not read everything; root may."""
    with TemporaryDirectory(prefix="dk-", ignore_cleanup_errors=True) as name:
        if os.geteuid() == 0:
            os.chown(name, 65534, 65534)
            os.seteuid(65534)
            try:
                yield Path(name)
            finally:
                os.seteuid(0)
        else:
            yield Path(name)


@pytest.mark.parametrize("prefix", ["raw", "**", "raw/*", "raw/shut", "raw/shut/x.csv", "raw/*/x.csv"])
def test_a_folder_that_cannot_be_read_is_refused_by_name(prefix: str) -> None:
    with _as_nobody() as folder:
        _file(folder / "raw" / "shut" / "x.csv")
        _file(folder / "raw" / "y.csv")
        (folder / "raw" / "shut").chmod(0)
        try:
            with pytest.raises(ListingError, match=r"raw/shut.* cannot be read: Permission denied"):
                files(folder, prefix)
        finally:
            (folder / "raw" / "shut").chmod(0o700)


def test_a_file_that_cannot_be_read_is_named() -> None:
    with _as_nobody() as folder:
        for name in ("x.csv", "x.jsonl", "x.parquet", "x.csv.gz", "x.zip"):
            _file(folder / name).chmod(0)
            with pytest.raises(PluginFault, match=rf"{name} cannot be (read|unpacked).*Permission denied"):
                _loaded(folder, name)
            with pytest.raises(StoreError, match=rf"{name}: Permission denied"):
                _digest(folder, name)


def test_a_name_with_signs_is_itself_unless_the_pattern_means_others(folder: Path) -> None:
    _file(folder / "x" / "a[1].csv")
    assert _names(folder, "x/a[1].csv") == ["x/a[1].csv"]
    assert _names(folder, "x/a[[]1].csv") == ["x/a[1].csv"]
    _file(folder / "x" / "*.csv")
    assert _names(folder, "x/*.csv") == ["x/*.csv", "x/a[1].csv"]
    _file(folder / "x" / "a1.csv")
    with pytest.raises(ListingError, match=r"a\[1\]\.csv is the name of a file, and as a pattern it means .*a1\.csv"):
        files(folder, "x/a[1].csv")


def _dataset(folder: Path, prefix: str) -> BoundDataSet:
    return BoundDataSet("d", "s", Connection("files", {"path": str(folder)}), Place(prefix=prefix))


def _described(folder: Path, prefix: str) -> int:
    with Files().open(_dataset(folder, prefix).connection) as session:
        live = session.describe(Place(prefix=prefix))
        return session.count(_dataset(folder, prefix).place) if live else 0


def _loaded(folder: Path, prefix: str) -> int:
    columns = [{"name": "a", "type": "string"}]
    spec = {"tables": [{"name": "t", "folder": str(folder), "path": prefix, "columns": columns}]}
    with closing(FilesSource(FilesSpec.parse(spec))) as source:
        return sum(len(part.scan.files) for table in source._tables for part in table.parts)


def _digest(folder: Path, prefix: str) -> str:
    with Files().open(_dataset(folder, prefix).connection) as session:
        return version_of(session, _dataset(folder, prefix))


@pytest.mark.parametrize("prefix", ["raw", "raw/*", "**/*.csv", ".", "raw/a.csv"])
def test_a_description_a_check_and_a_load_agree(folder: Path, tmp_path: Path, prefix: str) -> None:
    _file(tmp_path / "far" / "d.csv")
    (folder / "raw" / "link").symlink_to(tmp_path / "far")

    expected = len(files(folder, prefix))

    assert (_described(folder, prefix), _loaded(folder, prefix)) == (expected, expected)
    assert FilesAdapter().missing(_dataset(folder, prefix)) == []


def _hidden(folder: Path) -> None:
    _file(folder / "raw" / "deep" / ".DS_Store").write_text("changed")


def _hidden_folder(folder: Path) -> None:
    _file(folder / "raw" / ".ipynb_checkpoints" / "a.csv")


def _linked(folder: Path) -> None:
    (folder / "raw" / "link").symlink_to(_file(folder.parent / "far" / "d.csv").parent)


@pytest.mark.parametrize(
    ("change", "is_other"), [(_hidden, False), (_hidden_folder, False), (_linked, True)], ids=["file", "folder", "link"]
)
def test_a_fingerprint_changes_with_what_is_loaded(
    folder: Path, change: Callable[[Path], None], is_other: bool
) -> None:
    before = _digest(folder, "raw"), _loaded(folder, "raw")

    change(folder)

    assert ((_digest(folder, "raw"), _loaded(folder, "raw")) != before) == is_other


def test_a_linked_file_that_changes_changes_the_fingerprint(folder: Path, tmp_path: Path) -> None:
    _linked(folder)
    before = _digest(folder, "raw")

    (tmp_path / "far" / "d.csv").write_text("a\nchanged\n")

    assert _digest(folder, "raw") != before


def test_what_cannot_be_listed_is_told_by_each_of_them(folder: Path) -> None:
    (folder / "raw" / "gone.csv").symlink_to("nowhere")

    with pytest.raises(StoreError, match=r"gone\.csv is a link that leads nowhere"):
        _described(folder, "raw")
    with pytest.raises(StoreError, match=r"gone\.csv is a link that leads nowhere"):
        _digest(folder, "raw")
    with pytest.raises(PluginFault, match=r"gone\.csv is a link that leads nowhere"):
        _loaded(folder, "raw")
    (fault,) = FilesAdapter().missing(_dataset(folder, "raw"))
    assert fault.startswith("d: ")
    assert "gone.csv is a link that leads nowhere" in fault


def test_a_check_tells_a_folder_without_files_and_a_prefix_elsewhere(folder: Path) -> None:
    _file(folder / "empty" / ".keep")
    assert "the folder " in FilesAdapter().missing(_dataset(folder, "empty"))[0]
    assert "empty holds no file; fix the prefix" in FilesAdapter().missing(_dataset(folder, "empty"))[0]
    assert "there is no file" in FilesAdapter().missing(_dataset(folder, "none"))[0]
    assert "is not in" in FilesAdapter().missing(_dataset(folder, "/etc"))[0]
    with pytest.raises(PluginFault, match="is not in"):
        _loaded(folder, "/etc/hostname")


def test_a_name_of_odd_bytes_is_loaded_and_has_a_fingerprint(folder: Path) -> None:
    odd = os.fsencode(folder) + b"/odd/\xff\n.csv"
    (folder / "odd").mkdir()
    try:
        Path(os.fsdecode(odd)).write_text("a\n1\n")
    except OSError:
        pytest.skip("a file system that takes no such name")

    assert _digest(folder, "odd")
    assert _loaded(folder, "odd") == 1
    Path(os.fsdecode(odd)).write_text("b\n1\n")
    with pytest.raises(PluginFault, match=r"\\xff.*lacks a column") as fault:
        _loaded(folder, "odd")
    str(fault.value).encode()


def test_names_of_a_prefix_take_signs_for_themselves(folder: Path) -> None:
    for name in ("a[1]", "a[1]_old", "a1"):
        _file(folder / "trash" / name)
    with Files().open(Connection("files", {"path": str(folder)})) as session:
        assert [str(place) for place in session.places("a[1]")] == ["trash/a[1]", "trash/a[1]_old"]


def test_the_listing_needs_the_standard_library_alone() -> None:
    code = (
        "import sys, datakit_iac.technologies.files.listing\n"
        "print(sorted({'pydantic', 'duckdb', 'pyarrow', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_folder_and_a_link_to_it_are_loaded_once_or_refused(folder: Path) -> None:
    (folder / "again").symlink_to("raw")

    with pytest.raises(ListingError, match=r"again/a\.csv and .*raw/a\.csv are one file"):
        files(folder, ".")
    assert _names(folder, "again") == ["again/a.csv", "again/b.csv", "again/deep/c.csv"]


def test_a_folder_that_is_spelled_with_a_way_up_holds_its_files(folder: Path) -> None:
    (folder / "inner").mkdir()
    up = folder / "inner" / ".." / ".." / folder.name
    assert [path.name for path in files(up, "raw/deep")] == ["c.csv"]
    assert Files().open(Connection("files", {"path": str(up)}))
    assert _loaded(up, "raw/deep") == 1
    assert _digest(up, "raw") == _digest(folder, "raw")
