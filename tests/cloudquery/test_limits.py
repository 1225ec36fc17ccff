"""Packed and hostile files: what is corrupt is refused whole, and what is too large before it fills memory or disk."""

from __future__ import annotations

import bz2
import gzip
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.manifest.wording import found
from datakit_iac.technologies.files.cloudquery.spec import FilesSpec
from tests.cloudquery.conftest import Read, column

A = column("a", "string")
ROWS = b"a\n" + b"".join(b"%d\n" % number for number in range(20_000))


def _zip(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_", "."), content)
    return path


def test_members_of_gzip_are_read_one_after_the_other(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"a\n1\n") + gzip.compress(b"2\n") + gzip.compress(b"3"))

    assert read(path, A).to_pydict() == {"a": ["1", "2", "3"]}


@pytest.mark.parametrize("name", ["a.CSV.GZ", "b.jsonl.gz", "data.gz"])
def test_a_packed_file_is_what_its_name_or_the_format_says(read: Read, tmp_path: Path, name: str) -> None:
    is_json = "json" in name
    path = tmp_path / name
    path.write_bytes(gzip.compress(b'{"a":"1"}\n' if is_json else b"a\n1\n"))

    assert read(path, A, format="json" if is_json else "csv").to_pydict() == {"a": ["1"]}


def _damaged(packed: bytes, how: str) -> bytes:
    middle = len(packed) // 2
    return {
        "cut": packed[:-10],
        "half": packed[:middle],
        "bit": packed[:middle] + bytes([packed[middle] ^ 1]) + packed[middle + 1 :],
        "checksum": packed[:-8] + bytes([packed[-8] ^ 1]) + packed[-7:],
        "garbage": packed + b"garbage",
        "none": b"",
        "other": bz2.compress(ROWS),
    }[how]


@pytest.mark.parametrize("how", ["cut", "half", "bit", "checksum", "garbage", "other"])
def test_a_damaged_gzip_file_is_refused_by_name(read: Read, tmp_path: Path, how: str) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(_damaged(gzip.compress(ROWS), how))

    with pytest.raises(PluginFault, match=r"a\.csv\.gz cannot be unpacked: .*; deliver it again, whole"):
        read(path, A)


@pytest.mark.parametrize("how", ["cut", "half", "other", "none"])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_zip_file_is_refused_by_name(read: Read, tmp_path: Path, how: str, method: int) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("a.csv", ROWS)
    path.write_bytes(_damaged(path.read_bytes(), how))

    with pytest.raises(PluginFault, match=r"a\.zip cannot be unpacked: "):
        read(path, A)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("where", range(40, 1200, 97))
def test_a_flipped_bit_in_a_zip_file_is_refused_by_name_or_changes_no_row(
    read: Read, tmp_path: Path, method: int, where: int
) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("a.csv", ROWS)
    packed = bytearray(path.read_bytes())
    packed[where] ^= 0x40
    path.write_bytes(packed)

    try:
        told = read(path, A).column("a").to_pylist()
    except PluginFault as fault:
        told = str(fault)
    assert told == [str(number) for number in range(20_000)] or "a.zip" in told


def test_two_members_of_one_name_are_refused(read: Read, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.csv", "a\n1\n")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.csv", "a\n2\n")

    with pytest.raises(PluginFault, match=r"a\.zip has two members a\.csv; expected each name once"):
        read(tmp_path / "a.zip", A)


def test_members_that_are_no_plain_rows_are_refused(read: Read, tmp_path: Path) -> None:
    link = zipfile.ZipInfo("b.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    _zip(tmp_path / "twice.zip", a_csv_gz=gzip.compress(b"a\n1\n"))
    _zip(tmp_path / "empty.zip")
    encrypted = bytearray(_zip(tmp_path / "e.zip", a_csv=b"a\n1\n").read_bytes())
    encrypted[encrypted.rindex(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "encrypted.zip").write_bytes(encrypted)

    for name, message in {
        "link": r"link\.zip/b\.csv is a link; pack the file",
        "twice": r"twice\.zip/a\.csv\.gz is packed twice",
        "empty": r"empty\.zip: nothing is packed in it",
        "encrypted": r"encrypted\.zip cannot be unpacked: .*encrypted",
    }.items():
        with pytest.raises(PluginFault, match=message):
            read(tmp_path / f"{name}.zip", A)


def test_what_unpacks_to_more_than_is_allowed_is_refused(read: Read, tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(ROWS))
    half = ROWS[: len(ROWS) // 2]
    _zip(tmp_path / "a.zip", a_csv=half, b_csv=b"a\n" + half)

    for name in ("a.csv.gz", "a.zip"):
        with pytest.raises(PluginFault, match=rf"{name} unpacks to more than 102,400 bytes.*raise maxUnpackedSize"):
            read(tmp_path / name, A, maxUnpackedSize="100Ki")
        assert read(tmp_path / name, A, maxUnpackedSize="1Mi").num_rows > 0


def test_what_unpacks_to_many_times_its_size_is_refused(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"a\n" + b"1\n" * (48 << 20)))

    with pytest.raises(
        PluginFault, match=r"a\.csv\.gz has 9\d,\d{3} bytes and unpacks .*over 200 times.*maxUnpackedRatio"
    ):
        read(path, A)


def test_a_small_file_may_unpack_to_many_times_its_size(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"a\n" + b"1\n" * (1 << 20)))

    assert read(path, A).num_rows == 1 << 20


@pytest.mark.parametrize(
    ("option", "value"),
    [("maxRecordSize", "many"), ("maxRecordSize", 0), ("maxUnpackedSize", True), ("maxUnpackedRatio", "x")],
)
def test_limits_have_their_types(option: str, value: object) -> None:
    with pytest.raises(PluginFault, match=rf"t: {option} is {found(value)}; expected "):
        FilesSpec.parse({"tables": [{"name": "t", "path": "a.csv", option: value}]})


def _peak(path: Path, **options: object) -> tuple[int, str]:
    """The memory that reading takes beyond what the imports do, and the fault."""
    code = f"""
import re
from pathlib import Path
from datakit_iac.technologies.files.cloudquery.source import FilesSource
from datakit_iac.technologies.files.cloudquery.spec import FilesSpec
from datakit_iac.cloudquery_plugins.servicers import PluginFault
spec = FilesSpec.parse({{"tables": [{{"name": "t", "path": {str(path)!r}, **{options!r}}}]}})
def peak():  # of this program alone: what getrusage tells is inherited
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
before = peak()
said = ""
try:
    source = FilesSource(spec)
    for _ in source.batches():
        pass
    source.close()
except PluginFault as fault:
    said = str(fault)
print((peak() - before) // 1024, said)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    memory, _, said = done.stdout.splitlines()[-1].partition(" ")
    return int(memory), said


_linux = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is measured as Linux tells it")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """512 MB without a line break, in 0.5 MB."""
    folder = tmp_path_factory.mktemp("hostile")
    block = b"x" * (1 << 20)
    with gzip.open(folder / "bomb.csv.gz", "wb", compresslevel=6) as packed:
        for _ in range(512):
            packed.write(block)
    with zipfile.ZipFile(folder / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(4):
            archive.writestr(f"{number}.csv", b"a\n" + block * 128)
    return folder


@_linux
@pytest.mark.parametrize("name", ["bomb.csv.gz", "bomb.zip"])
def test_a_packed_file_without_a_line_break_takes_little_memory(hostile: Path, name: str) -> None:
    memory, said = _peak(hostile / name)
    assert "maxUnpackedRatio" in said
    assert memory < 100

    memory, said = _peak(hostile / name, maxUnpackedRatio=2000)
    assert "maxRecordSize" in said
    assert memory < 150


@_linux
@pytest.mark.parametrize(
    "content",
    [b'a\n"' + b'""' * (40 << 20), b'a\n5"' + b'"x' * (40 << 20), b'a\n"' + b"x\n" * (40 << 20)],
    ids=["doubled quotes", "stray quotes", "quoted line breaks"],
)
def test_a_record_without_an_end_takes_little_memory(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.csv").write_bytes(content)

    memory, said = _peak(tmp_path / "a.csv")

    assert "line 2: the record that begins here has more than 16,777,216 bytes" in said
    assert memory < 300


@_linux
def test_json_without_an_end_takes_little_memory(tmp_path: Path) -> None:
    for number, content in enumerate(
        (b"[" * (60 << 20), b'{"a":"' + b"x" * (60 << 20), b" " * (60 << 20), b"1" * (60 << 20))
    ):
        path = tmp_path / f"{number}.json"
        path.write_bytes(content)
        memory, said = _peak(path)
        assert "more than 16,777,216 bytes" in said
        assert memory < 150


@_linux
def test_long_records_are_given_out_few_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with path.open("wb") as text:
        text.write(b"a\n")
        for _ in range(100):
            text.write(b"x" * (8 << 20) + b"\n")

    memory, said = _peak(path, columns=[A])

    assert said == ""
    assert memory < 600
