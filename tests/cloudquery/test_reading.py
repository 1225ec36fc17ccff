"""Every type out of every format, with and without values, and nothing lost or rounded on the way."""

from __future__ import annotations

import gzip
import json
import zipfile
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import pytest

from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.manifest.wording import a
from tests.cloudquery.conftest import Read, column

VALUES: list[tuple[str, str, Any]] = [
    ("boolean", "true", True),
    ("smallint", "-32768", -32768),
    ("integer", "517", 517),
    ("integer", "517.0", 517),
    ("bigint", "9223372036854775807", 9223372036854775807),
    ("float", "0.5", 0.5),
    ("double", "-1e300", -1e300),
    ("decimal(10,2)", "12345678.90", Decimal("12345678.90")),
    ("decimal(38,0)", "9" * 38, Decimal("9" * 38)),
    ("string", "Zürich, “x”", "Zürich, “x”"),
    ("string(3)", "abc", "abc"),
    ("binary", "abc", b"abc"),
    ("date", "2013-01-31", date(2013, 1, 31)),
    ("time", "23:59:59.5", time(23, 59, 59, 500000)),
    ("timestamp", "2013-01-01 10:00:00.123456", datetime(2013, 1, 1, 10, 0, 0, 123456)),
    ("timestamp", "2013-01-01T10:00:00Z", datetime(2013, 1, 1, 10)),
    ("timestamptz", "2013-01-01T10:00:00+02:00", datetime(2013, 1, 1, 8, tzinfo=UTC)),
    ("timestamptz", "2013-01-01 10:00:00", datetime(2013, 1, 1, 10, tzinfo=UTC)),
    ("json", '{"a": [1, null]}', b'{"a": [1, null]}'),
    ("uuid", "6ba7b810-9dad-11d1-80b4-00c04fd430c8", UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8").bytes),
    ("array<integer>", "[1, 2]", [1, 2]),
]
MISFITS = [
    ("boolean", "maybe"),
    ("smallint", "32768"),
    ("integer", "1.5"),
    ("integer", "1e-1"),
    ("integer", "one"),
    ("bigint", "9223372036854775808"),
    ("decimal(10,2)", "1.239"),
    ("decimal(4,2)", "100"),
    ("string(3)", "abcd"),
    ("date", "31/12/2013"),
    ("date", "2013-01-02 10:00:00"),
    ("time", "2013-01-02 10:00:00"),
    ("timestamp", "2013-01-01T10:00:00+02:00"),
    ("timestamptz", "yesterday"),
    ("json", "{a"),
    ("uuid", "6ba7b810"),
    ("array<integer>", "[1, x]"),
]


def _write(path: Path, text: str) -> Path:
    match path.suffix:
        case ".csv":
            path.write_text(f'id,v\n1,"{text.replace(chr(34), chr(34) * 2)}"\n2,NA\n', encoding="utf-8")
        case ".jsonl":
            path.write_text(f'{{"id": 1, "v": {json.dumps(text)}}}\n{{"id": 2, "v": null}}\n', encoding="utf-8")
        case ".parquet":
            with duckdb.connect() as connection:
                connection.execute(
                    "CREATE TABLE t AS SELECT * FROM (VALUES (1, ?::VARCHAR), (2, NULL)) t(id, v)", [text]
                )
                connection.execute(f"COPY t TO '{path}' (FORMAT parquet)")
    return path


def _plain(value: Any) -> Any:
    return value.bytes if isinstance(value, UUID) else value


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
@pytest.mark.parametrize(
    ("data_type", "text", "expected"), VALUES, ids=[f"{each[0]} {each[1][:20]}" for each in VALUES]
)
def test_a_value_keeps_its_meaning(
    read: Read, tmp_path: Path, suffix: str, data_type: str, text: str, expected: Any
) -> None:
    path = _write(tmp_path / f"data{suffix}", text)

    values = read(path, column("v", data_type), nulls=["NA"]).column("v")

    stored = values.chunk(0).storage if hasattr(values.chunk(0), "storage") else values
    assert [_plain(value) for value in stored.to_pylist()] == [expected, None]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
@pytest.mark.parametrize(("data_type", "text"), MISFITS)
def test_a_value_that_does_not_fit_is_named_with_its_place(
    read: Read, tmp_path: Path, suffix: str, data_type: str, text: str
) -> None:
    path = _write(tmp_path / f"data{suffix}", text)

    with pytest.raises(PluginFault) as fault:
        read(path, column("v", data_type), nulls=["NA"])

    place = {".csv": "line 2", ".jsonl": "line 1", ".parquet": "row 1"}[suffix]
    assert str(fault.value).startswith(f"{path}, {place}, column v: {text!r} is not {a(data_type)};")


def test_typed_parquet_columns_are_widened_never_narrowed(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT 7::INTEGER AS a, 1.5::DOUBLE AS b, DATE '2020-01-01' AS c) TO '{path}'")

    wide = read(path, column("a", "bigint"), column("b", "double"), column("c", "timestamp"))

    assert wide.to_pylist() == [{"a": 7, "b": 1.5, "c": datetime(2020, 1, 1)}]
    with pytest.raises(PluginFault, match=r"row 1, column b: '1\.5' is not an integer"):
        read(path, column("b", "integer"))


def test_types_are_inferred_without_a_contract(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("n,x,d,s\n1,1.5,2020-01-02,a\n2,,2020-01-03,31/12/2020\n")

    assert [str(field.type) for field in read(path).schema] == ["int64", "double", "date32[day]", "string"]


def test_an_inferred_type_that_the_sample_missed_stops_the_read(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("n\n" + "1\n" * 30_000 + "1.5\n")

    with pytest.raises(PluginFault, match=r"line 30002, column n: '1\.5' is not a bigint"):
        read(path)


def test_a_line_break_in_quotes_does_not_shift_the_line_that_is_told(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('s,n\n"two\nlines",1\nx,abc\n')

    with pytest.raises(PluginFault, match="line 4, column n: 'abc' is not an integer"):
        read(path, column("s", "string"), column("n", "integer"))


def test_packed_files_are_read_and_named(read: Read, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("one.csv", "n\n1\n")
        archive.writestr("__MACOSX/._one.csv", "junk")
        archive.writestr("two.csv", "n\nx\n")
    with gzip.open(tmp_path / "b.csv.gz", "wt") as packed:
        packed.write("n\n3\n")

    assert read(tmp_path / "b.csv.gz", column("n", "integer")).to_pydict() == {"n": [3]}
    with pytest.raises(PluginFault, match=r"a\.zip/two\.csv, line 2, column n: 'x' is not an integer"):
        read(tmp_path / "a.zip", column("n", "integer"))


def test_a_pattern_or_folder_means_many_files_whose_columns_may_stand_in_any_order(read: Read, tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"part{number}.csv").write_text(f"a,b\n{number},x\n")
    (tmp_path / "part9.csv").write_text("b;a\ny;9\n")
    (tmp_path / ".datakit").write_text("mark")
    columns = (column("a", "integer"), column("b", "string"))

    for path in (tmp_path, tmp_path / "part*.csv"):
        assert read(path, *columns).to_pydict() == {"a": [0, 1, 2, 9], "b": ["x", "x", "x", "y"]}


def test_reading_options_are_used(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("1|-\n2|x\n")

    table = read(
        path, column("a", "integer"), column("b", "string"), header=False, delimiter="|", nulls=["-"], format="csv"
    )

    assert table.to_pydict() == {"a": [1, 2], "b": [None, "x"]}


def test_columns_that_the_contract_leaves_out_are_told(
    read: Read, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": 1}\n' * 3 + '{"a": 2, "late": true}\n')

    read(path, column("a", "integer"))

    assert f"t: 1 column of {path} not in the contract, left out: late" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "columns", "message"),
    [
        ("a,b\n1,2\n", [column("c", "string")], "lacks a column that the contract declares: c; it has a, b"),
        ("a\n1\n\n", [column("a", "integer", required=True)], "line 3, column a: no value, but the contract requires"),
        (
            "a\n1\nNA\nNA\n",
            [column("a", "integer", key=True, required=True)],
            r"line 3, column a: no value.*\(2 such rows",
        ),
        ("", [column("a", "string")], "is empty; expected a first line with the columns' names"),
        ("a,A\n1,2\n", [column("a", "string")], "several columns named A, a; expected each name once"),
        ("a,b\n1,2\n1,2,3\n", [column("a", "integer")], "line 3: "),
    ],
)
def test_a_file_that_breaks_its_contract_is_refused(
    read: Read, tmp_path: Path, content: str, columns: list[dict[str, Any]], message: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(content)

    with pytest.raises(PluginFault, match=message):
        read(path, *columns, nulls=["NA", ""])


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("nothing.csv", "there is no such file; looked for "),
        ("package:no_such_package_here/x.csv", "no installed Python package 'no_such_package_here'"),
        ("odd.bin", "its name tells no format"),
    ],
)
def test_a_path_that_means_nothing_is_told(
    read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("odd.bin").write_text("x")

    with pytest.raises(PluginFault, match=message):
        read(path, column("a", "string"))


def test_all_faulty_tables_are_told_at_once(tmp_path: Path) -> None:
    from datakit_iac.technologies.files.cloudquery.source import FilesSource
    from datakit_iac.technologies.files.cloudquery.spec import FilesSpec

    tables = [{"name": name, "path": str(tmp_path / f"{name}.csv")} for name in ("one", "two")]

    with pytest.raises(PluginFault, match=r"(?s)one: .*\ntwo: "):
        FilesSource(FilesSpec.parse({"tables": tables}))
