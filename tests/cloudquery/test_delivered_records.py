"""Every record that was delivered is read, or the file is refused: what is decided for each kind of odd file."""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.technologies.files.cloudquery import source
from datakit_iac.technologies.files.cloudquery.counts import counting
from datakit_iac.technologies.files.cloudquery.reading import Reader
from tests.cloudquery.conftest import Read, column

AB = (column("a", "string"), column("b", "string"))
A = AB[:1]


def _rows(*values: tuple[str | None, str | None]) -> list[dict[str, str | None]]:
    return [{"a": a, "b": b} for a, b in values]


def test_a_last_row_that_is_longer_than_any_buffer_is_refused_and_read_where_it_is_allowed(
    read: Read, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,b\n1,2\n3," + b"x" * 40_000_000 + b"\n")

    with pytest.raises(PluginFault, match=r"a\.csv, line 3: the record .* 16,777,216 bytes .*raise maxRecordSize"):
        read(path, *AB)
    assert read(path, *AB, maxRecordSize="64Mi").num_rows == 2


def test_a_header_without_an_end_is_refused(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with path.open("wb") as sparse:
        sparse.truncate(2 << 30)

    with pytest.raises(PluginFault, match=r"a\.csv, line 1: the record .* 16,777,216 bytes"):
        read(path)


def test_a_record_that_the_reader_drops_stops_the_load(
    read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reader is made to lose a record in each format: the count of what was delivered finds it."""
    whole = Reader.over

    def lossy(reader: Reader, files: Any) -> str:
        return f"(SELECT * FROM {whole(reader, files)} OFFSET 1)"

    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT 'x' AS a FROM range(5)) TO '{tmp_path}/p.parquet'")
    (tmp_path / "c.csv").write_text("a\n" + "x\n" * 5)
    (tmp_path / "l.jsonl").write_text('{"a":"x"}\n' * 5)
    (tmp_path / "j.json").write_text(json.dumps([{"a": "x"}] * 5))
    (tmp_path / "g.csv.gz").write_bytes(gzip.compress((tmp_path / "c.csv").read_bytes()))
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        archive.write(tmp_path / "c.csv", "c.csv")
    for path in sorted(tmp_path.iterdir()):
        assert read(path, *A).num_rows == 5
    monkeypatch.setattr(Reader, "over", lossy)

    for path in sorted(tmp_path.iterdir()):
        with pytest.raises(PluginFault, match=rf"{path.name}.*: 5 records were delivered, and 4 were read; none is"):
            read(path, *A)


def test_the_file_among_many_that_was_not_read_whole_is_named(
    read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        (tmp_path / f"{number}.csv").write_text("a\n1\n2\n")
    whole = Reader.over

    def lossy(reader: Reader, files: Any) -> str:
        lost = " WHERE NOT (filename LIKE '%/1.csv' AND a = '2')" if reader.function == "read_csv" else ""
        more = Reader(reader.function, (*reader.arguments, "filename=true"))
        return f"(SELECT * FROM {whole(more, files)}{lost})"

    monkeypatch.setattr(Reader, "over", lossy)

    with pytest.raises(PluginFault, match=r"/1\.csv: 2 records were delivered, and 1 were read"):
        read(tmp_path, *A)


def test_a_file_that_changes_while_it_is_read_is_refused(
    read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a\n1\n2\n")
    prove = counting.prove

    def late(*arguments: Any) -> None:
        path.write_text("a\n1\n3\n4\n")
        prove(*arguments)

    monkeypatch.setattr(source, "prove", late)

    with pytest.raises(PluginFault, match=r"a\.csv was changed while it was read"):
        read(path, *A)


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (b"a,b\n1,2\n3,4", [("1", "2"), ("3", "4")]),
        (b"a,b\r\n1,2\r\n3,4\r\n", [("1", "2"), ("3", "4")]),
        (b"a,b\r1,2\r3,4\r", [("1", "2"), ("3", "4")]),
        (b"a,b\r\n1,2\r\n3,4\r", [("1", "2"), ("3", "4")]),
        (b'a,b\n"1\rx",2\n3,"4\r\ny"\n', [("1\rx", "2"), ("3", "4\r\ny")]),
        (b"\xef\xbb\xbfa,b\n1,2\n", [("1", "2")]),
        (b"a,b\n1,2\n\n\n3,4\n\n", [("1", "2"), ("3", "4")]),
        (b"a,b\n#1,2\n3,4 # 5\n", [("#1", "2"), ("3", "4 # 5")]),
        (b'a,b\n5" pipe,"say ""x"""\n1, "2\n3"\n"4" ,5\n', [('5" pipe', 'say "x"'), ("1", "2\n3"), ("4", "5")]),
        (b"a,b\n1\0z,2\n", [("1\0z", "2")]),
        (b"a,b\n1,2,\n3,,\n", [("1", "2"), ("3", None)]),
        (b'a,b\n"",\n,""\n', [(None, None), (None, None)]),
        (b"a,b\n", []),
        (b"a,b", []),
        (b"b,a,{files}\n2,1,x\n", [("1", "2")]),
        (b'a,b,"x\'; DROP TABLE t; --"\n1,2,3\n', [("1", "2")]),
    ],
)
def test_csv_that_is_read(read: Read, tmp_path: Path, content: bytes, rows: list[tuple[str, str]]) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)

    assert read(path, *AB).to_pylist() == _rows(*rows)


def test_an_empty_line_of_a_single_column_is_a_row_without_a_value(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    for end in ("\n", "\r\n", "\r"):
        path.write_bytes(end.join(["a", "", "1", "", '""', "2", "", ""]).encode())
        assert read(path, *A).to_pydict() == {"a": [None, "1", None, None, "2", None]}, repr(end)


def test_a_header_may_have_line_breaks_in_quotes(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('"a\nx", "b"\n1,2\n')

    assert read(path, column("a\nx", "string"), column("b", "integer")).to_pylist() == [{"a\nx": "1", "b": 2}]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a,b\r\n1,2\n3,4\r\n", "line 2: this line ends otherwise than the first one, which ends with CR LF"),
        (b"a,b\n1,2\r3,4\n", "line 2: this line ends otherwise than the first one, which ends with LF"),
        (b'a,b\n1,2\n3,"4\n5,6\n', "line 3: a quote that opens in this record is not closed"),
        (b'a,b\n1,"2"x\n', "line 2: "),
        (b"a,b\n1\n3,4\n", "line 2: .*Expected Number of Columns: 2 Found: 1"),
        (b"a,b\n1,2\n3", "line 3: .*Expected Number of Columns: 2 Found: 1"),
        (b"a,b\n1,2,3\n", "line 2: .*Expected Number of Columns: 2 Found: 3"),
        (b"a,b\n1,2\n   \n", "line 3: "),
        (b"a,b\n1,2\n   ", "line 3: "),
        (b"a,b\n1,2\n\0\0\0", "line 3: "),
        (b"a,b\n1,2\n\x1a", "line 3: "),
        (b"a,b\n1,2\n# end\n", "line 4|line 3: "),
        (b"a,b\n1,\xff\n", "not utf-8 encoded"),
        (b"a,\xe9\n1,2\n", r"is not UTF-8 \(byte 2\)"),
        ("a,b\n1,2\n".encode("utf-16"), "is not UTF-8"),
        ("a,b\n1,2\n".encode("utf-16le"), "NUL in its first line.*UTF-16"),
        (b"", "is empty"),
        (b"\n\na,b\n1,2\n", "is empty"),
        (b"x" * 200_000 + b",b\n1,2\n", "its first line is not valid CSV: field larger than field limit"),
    ],
)
def test_csv_that_is_refused(read: Read, tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)

    with pytest.raises(PluginFault, match=message) as fault:
        read(path, *AB)
    assert "a.csv" in str(fault.value)


@pytest.mark.parametrize(
    ("content", "values"),
    [
        (b'{"a":1}\n{"a":2}', ["1", "2"]),
        (b'{"a":1}\r\n{"a":2}\r\n\r\n', ["1", "2"]),
        (b'\xef\xbb\xbf{"a":1}\n\n{"a":2}\n', ["1", "2"]),
        (b'{"a":1} {"a":2}\n{"a":3}{"a":4}\n', ["1", "2", "3", "4"]),
        (b'{\n"a":1\n}\n{\n"a":2\n}\n', ["1", "2"]),
        (b'[{"a":1},\n{"a":2}]\n', ["1", "2"]),
        (b'{"a":1}\nnull\n{"a":2}\n', ["1", None, "2"]),
        (b'{"a":"x\\u0000y"}\n', ["x\0y"]),
        (b'{"a":1,"{files}":2}\n', ["1"]),
        (b'{"a":1,"a_1":2}\n', ["1"]),
        (b'{"a":"}{","b":"\\\\"}\n', ["}{"]),
    ],
)
def test_json_that_is_read(read: Read, tmp_path: Path, content: bytes, values: list[str]) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)

    assert read(path, *A).to_pydict() == {"a": values}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'[{"a":1},{"a":2},', "line 1: the file ends inside the array"),
        (b'[{"a":1},{"a":2},]', "Malformed JSON"),
        (b'[{"a":1}] xyz', "json"),
        (b'[{"a":1}][{"a":2}]', "lacks a column"),
        (b'[[{"a":1}],[{"a":2}]]', "lacks a column"),
        (b'{"a":1}\n{"a":', "line 2: the file ends inside a record"),
        (b'{"a":1}\n{"a":2}\nxyz', "Malformed JSON"),
        (b'{"a":1}\n{"a":2} {"a":3}\n', "Malformed JSON"),
        (b'{"a":1},\n{"a":2}\n', "Malformed JSON"),
        (b'{"a":1,"a":2}\n', 'duplicate key "a"'),
        (b'{"a":1,"A":2}\n', "several keys named A, a; expected each name once"),
        (b'{"a":1}\n{"A":2}\n', "several keys named A, a; expected each name once"),
        (b'{"a":1}\n\0\n', "Malformed JSON"),
        (b'{"a":"\xff"}\n', "invalid UTF-8"),
        ('{"a":1}\n'.encode("utf-16"), "UTF-16"),
        (b"[]", "holds no record"),
        (b" \n", "holds no record"),
    ],
)
def test_json_that_is_refused(read: Read, tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)

    with pytest.raises(PluginFault, match=message) as fault:
        read(path, *A)
    assert "a.json" in str(fault.value)


@pytest.mark.parametrize("name", ["a[1].csv", "*.csv", "a?.csv", "it's.csv", "é\n.csv", "${HOME} {files}.csv"])
def test_a_name_with_signs_is_that_file_and_no_other(read: Read, tmp_path: Path, name: str) -> None:
    (tmp_path / "a1.csv").write_text("a\nother\n")
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / name).write_text("a\nit\n")
    (tmp_path / "d" / "a1.csv").write_text("a\nother\n")

    assert sorted(read(tmp_path / "d", *A).column("a").to_pylist()) == ["it", "other"]


def test_a_folder_with_signs_is_no_pattern(read: Read, tmp_path: Path) -> None:
    for name in ("in[1]", "in1"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.csv").write_text(f"a\n{name}\n")

    assert read("*.csv", *A, folder=str(tmp_path / "in[1]")).to_pydict() == {"a": ["in[1]"]}
    assert read(tmp_path / "in[1]" / "*.csv", *A).to_pydict() == {"a": ["in[1]"]}


def _as_csv(path: Path) -> Path:
    path.with_suffix(".csv").write_text("a,b\n1,5\n")
    return path.with_suffix(".csv")


def _as_json(path: Path) -> Path:
    path.with_suffix(".jsonl").write_text('{"a":"1","b":"5"}\n')
    return path.with_suffix(".jsonl")


def _as_parquet(path: Path) -> Path:
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT '1' AS a, '5' AS b) TO '{path.with_suffix('.parquet')}'")
    return path.with_suffix(".parquet")


@pytest.mark.parametrize("write", [_as_csv, _as_json, _as_parquet])
def test_the_name_of_a_folder_hides_no_column(read: Read, tmp_path: Path, write: Callable[[Path], Path]) -> None:
    (tmp_path / "b=2013").mkdir()

    assert read(write(tmp_path / "b=2013" / "x"), *AB).to_pylist() == _rows(("1", "5"))


@pytest.mark.parametrize("name", ["line", "which", "value", "breaks", "element_0", "filename", "datakit", "rowid"])
def test_a_column_may_have_any_name(read: Read, tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f'{name},s\n7,"x\ny"\nbad,z\n')

    with pytest.raises(PluginFault, match=rf"line 4, column {name}: 'bad' is not an integer"):
        read(path, column(name, "integer"), column("s", "string"))
    path.write_text(f'{name},s\n"[1]",x\n')
    assert read(path, column(name, "array<integer>")).to_pydict() == {name: [[1]]}


def test_parquet_without_a_footer_is_refused(read: Read, tmp_path: Path) -> None:
    path = _as_parquet(tmp_path / "p")
    path.write_bytes(path.read_bytes()[:-3])

    with pytest.raises(PluginFault, match=r"p\.parquet cannot be read as parquet"):
        read(path, *AB)


def test_an_error_of_a_value_goes_before_the_proof(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a\n1\nx\n")

    with pytest.raises(PluginFault, match=r"line 3, column a: 'x' is not an integer"):
        read(path, column("a", "integer"))


def test_files_of_one_table_are_proved_one_shape_after_the_other(read: Read, tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text("a,b\n1,2\n")
    (tmp_path / "2.csv").write_text("b;a\n4;3\n\n6;5\n")
    (tmp_path / "3.csv").write_text("b,a\n8,7\n")

    rows: pa.Table = read(tmp_path, *AB)

    assert rows.to_pylist() == _rows(("1", "2"), ("3", "4"), ("5", "6"), ("7", "8"))
