"""CSV in whatever form it comes: each option of the reader, beside the count of what was delivered."""

from __future__ import annotations

import gzip
import random
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.manifest.wording import a
from datakit_iac.technologies.files.cloudquery import opening
from datakit_iac.technologies.files.cloudquery.reading import Reader
from tests.cloudquery.conftest import Read, column

AB = (column("a", "string"), column("b", "string"))
AN = (column("a", "string"), column("n", "integer"))


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "UTF-8", "latin-1", "ISO-8859-1", "windows-1252", "cp1252", "utf-16", "utf-16-le", "utf-16-be", "utf-32"],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_text_is_read_in_its_encoding(read: Read, tmp_path: Path, encoding: str, end: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(end.join(["a;b", 'Zürich;"café', 'olé"', "5 £;", ""]).encode(encoding))

    rows = read(path, *AB, encoding=encoding).to_pylist()

    assert rows == [{"a": "Zürich", "b": f"café{end}olé"}, {"a": "5 £", "b": None}]


@pytest.mark.parametrize(
    ("encoding", "text"), [("shift_jis", "東京"), ("gb18030", "北京"), ("windows-1251", "Москва"), ("cp437", "½")]
)
def test_other_encodings_too(read: Read, tmp_path: Path, encoding: str, text: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(f"{text},b\n1,{text}\n".encode(encoding))

    assert read(path, column(text, "integer"), column("b", "string"), encoding=encoding).to_pylist() == [
        {text: 1, "b": text}
    ]


@pytest.mark.parametrize(
    ("content", "encoding", "message"),
    [
        (b"a,n\nx,1\n\xff,2\n", None, "line 3.*not utf-8 encoded"),
        (b"a,\xe9\nx,1\n", None, r"line 1, is not UTF-8 \(byte 2\).*`encoding`, perhaps windows-1252 or latin-1"),
        ("a,n\nx,1\n".encode("utf-16"), None, r"line 1, is not UTF-8 \(byte 0\).*`encoding`, perhaps utf-16"),
        ("a,n\r\nx,1\r\n".encode("utf-16"), None, r"line 1, is not UTF-8 \(byte 0\).*`encoding`, perhaps utf-16"),
        ("a,n\nx,1\n".encode("utf-16-le"), None, "NUL in its first line.*`encoding`"),
        ("a,n\r\nx,1\r\n".encode("utf-16-be"), None, "NUL in its first line.*`encoding`"),
        (b"a,n\nx,1\ny\x81,2\n", "windows-1252", r"line 3, is not cp1252 \(byte 9\)"),
        ("a,n\nx,1\n".encode("utf-16-le"), "utf-16", "does not begin with the byte order mark of UTF-16; .*utf-16-le"),
        ("a,n\nx,1\n".encode("utf-16")[:-1], "utf-16", r"is not UTF-16 \(byte 16\)"),
        ("a,n\nx,1\n".encode("utf-16")[:-2], "utf-16", None),
        (b"a,n\nx,1\n", "utf-16-be", "lacks columns|is not"),
    ],
)
def test_text_of_another_encoding_is_refused_with_its_place(
    read: Read, tmp_path: Path, content: bytes, encoding: str | None, message: str | None
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    if message is None:
        assert read(path, *AN, encoding=encoding).num_rows == 1
        return
    with pytest.raises(PluginFault, match=message) as fault:
        read(path, *AN, **({"encoding": encoding} if encoding else {}))
    assert "a.csv" in str(fault.value)


@pytest.mark.parametrize(
    ("content", "options", "rows"),
    [
        ("a,b\n'x, ''y''\nz',2\n", {"quote": "'"}, [("x, 'y'\nz", "2")]),
        ('a,b\n"x,2\n3,4"\n', {"quote": ""}, [('"x', "2"), ("3", '4"')]),
        ('a,b\n"x \\"y\\"\n, z","\\\\"\n', {"escape": "\\"}, [('x "y"\n, z', "\\")]),
        ('a,b\n"x\\\ny",2\n3,4\n', {"escape": "\\"}, [("x\ny", "2"), ("3", "4")]),
        ("Report of 2024\n\na,b\n1,2\n", {"skip": 2}, [("1", "2")]),
        ('"an open quote\na,b\n1,2\n', {"skip": 1}, [("1", "2")]),
        ("1,2\n3,4\n", {"header": False}, [("1", "2"), ("3", "4")]),
        ("x\n1,2\n", {"header": False, "skip": 1}, [("1", "2")]),
        ('# made by\n# us\na,b\n1,2\n# half, way "\n3,4\n# 2 rows\n', {"comment": "#"}, [("1", "2"), ("3", "4")]),
        ('a,b\n"1\n# no comment",2 # 3\n#4,5\n', {"comment": "#"}, [("1\n# no comment", "2 # 3")]),
        ("a,b\r\n1,2\r\n# end\r\n", {"comment": "#"}, [("1", "2")]),
        ("a,b\n1,2\n# end", {"comment": "#"}, [("1", "2")]),
        ("x\n#c\na,b\n1,2\n", {"comment": "#", "skip": 1}, [("1", "2")]),
        ("a§b\n1§2\n", {"delimiter": "§"}, [("1", "2")]),
        ("a b\n1 2\n", {"delimiter": " "}, [("1", "2")]),
        ("a,b\n-,2\nn/a,\n", {"nulls": ["-", "n/a"]}, [(None, "2"), (None, None)]),
        ('"a,x";b\n1;2\n', {}, None),
    ],
)
def test_csv_of_another_dialect_is_read(
    read: Read, tmp_path: Path, content: str, options: dict[str, Any], rows: list[tuple[str, str]] | None
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content.encode())
    if rows is None:
        assert read(path, column("a,x", "string"), column("b", "string")).to_pylist() == [{"a,x": "1", "b": "2"}]
        return
    nulls = {"nulls": [*options.pop("nulls", []), ""]}

    table = read(path, *AB, **options, **nulls)

    assert table.to_pylist() == [{"a": a, "b": b} for a, b in rows]


def test_packed_files_are_read_in_their_encoding(read: Read, tmp_path: Path) -> None:
    content = "# x\na;n\né;1\n".encode("utf-16")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("one.csv", content)
        archive.writestr("two.csv", content.replace("1".encode("utf-16-le"), "x".encode("utf-16-le")))
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(content))

    table = read(tmp_path / "b.csv.gz", *AN, encoding="utf-16", comment="#")

    assert table.to_pylist() == [{"a": "é", "n": 1}]
    with pytest.raises(PluginFault, match=r"a\.zip/two\.csv, line 3, column n: 'x' is not an integer"):
        read(tmp_path / "a.zip", *AN, encoding="utf-16", comment="#")


def test_a_file_that_changes_while_it_is_copied_is_refused(
    read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n", encoding="latin-1")
    quotes = opening._Quotes.after

    def late(self: Any, text: str) -> bool:
        path.write_text("a,b\n1,2\n3,4\n")
        return quotes(self, text)

    monkeypatch.setattr(opening._Quotes, "after", late)
    with pytest.raises(PluginFault, match=r"a\.csv was changed while it was read"):
        read(path, *AB, encoding="latin-1")


def test_a_delimiter_is_found_behind_a_header_with_line_breaks_in_quotes(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    for quoted, rest in (('"a\nx"', ";b\n1;2\n"), ('"a,\r\nx"', "\tb\n1\t2\n"), ('"a ""q""\n,;"', "|b\n1|2\n")):
        path.write_bytes((quoted + rest).encode())
        name = quoted[1:-1].replace('""', '"')
        assert read(path, column(name, "string"), column("b", "integer")).to_pylist() == [{name: "1", "b": 2}]


@pytest.mark.parametrize("seed", range(40))
def test_all_records_of_any_dialect_are_read(read: Read, tmp_path: Path, seed: int) -> None:
    chosen = random.Random(seed)
    end, delimiter = chosen.choice(["\n", "\r\n", "\r"]), chosen.choice([",", ";", "\t", "|", "§"])
    quote, encoding = chosen.choice(['"', "'"]), chosen.choice(["utf-8", "utf-16", "latin-1", "windows-1252"])
    escape = chosen.choice([quote, "\\"])
    comment, skip = chosen.choice(["", "#"]), chosen.choice([0, 0, 2])
    values = ["", "a", quote, delimiter, "x y", f"{quote}{quote}", "é", "#", "# b", "\\", f"two{end}lines", f"{end}#"]
    rows = [tuple(chosen.choices(values, k=2)) for _ in range(chosen.randrange(30))]

    def written(value: str) -> str:
        inner = value.replace("\\", "\\\\") if escape == "\\" else value
        return quote + inner.replace(quote, escape + quote) + quote

    lines = [f"left out {quote}"] * skip + [f"a{delimiter}b"]
    for row in rows:
        if comment and chosen.random() < 0.3:
            lines.append(chosen.choice(["#", f"# it{quote}s", f"#{delimiter}{quote}x", f"#{quote}"]))
        lines.append(delimiter.join(map(written, row)))
    path = tmp_path / "a.csv"
    path.write_bytes((end.join(lines) + chosen.choice(["", end])).encode(encoding))
    options = {"delimiter": delimiter, "quote": quote, "escape": escape, "encoding": encoding, "skip": skip}

    table = read(path, *AB, **options, **({"comment": comment} if comment else {}))

    assert table.to_pylist() == [{"a": a or None, "b": b or None} for a, b in rows]


@pytest.mark.parametrize(
    ("options", "text", "data_type", "value"),
    [
        ({"decimal": ","}, "3,50", "decimal(10,2)", Decimal("3.50")),
        ({"decimal": ","}, "-0,5", "double", -0.5),
        ({"decimal": ","}, "1,5e3", "double", 1500.0),
        ({"decimal": ","}, "7,0", "integer", 7),
        ({"decimal": ",", "thousands": "."}, "1.234.567,89", "decimal(12,2)", Decimal("1234567.89")),
        ({"decimal": ",", "thousands": "."}, "1.234", "integer", 1234),
        ({"decimal": ",", "thousands": "."}, "1234", "integer", 1234),
        ({"thousands": ","}, "12,34,567", "bigint", 1234567),
        ({"thousands": "'"}, "1'000", "integer", 1000),
        ({"thousands": " "}, "1 000", "integer", 1000),
        ({"thousands": "\u00a0"}, "1\u00a0000", "integer", 1000),
        ({"dateFormat": "%d/%m/%Y"}, "31/12/2024", "date", date(2024, 12, 31)),
        ({"dateFormat": "%d.%m.%y"}, "1.2.24", "date", date(2024, 2, 1)),
        ({"dateFormat": "%d/%m/%Y %H:%M"}, "31/12/2024 00:00", "date", date(2024, 12, 31)),
        ({"timestampFormat": "%d/%m/%Y %H:%M"}, "31/12/2024 23:59", "timestamp", datetime(2024, 12, 31, 23, 59)),
        ({"timestampFormat": "%d/%m/%Y"}, "31/12/2024", "timestamp", datetime(2024, 12, 31)),
        (
            {"timestampFormat": "%d/%m/%Y %H:%M:%S.%f"},
            "31/12/2024 23:59:58.123456",
            "timestamp",
            datetime(2024, 12, 31, 23, 59, 58, 123456),
        ),
        (
            {"timestampFormat": "%d/%m/%Y %H:%M %z"},
            "31/12/2024 23:59 +02:00",
            "timestamptz",
            datetime(2024, 12, 31, 21, 59, tzinfo=UTC),
        ),
        (
            {"timestampFormat": "%d/%m/%Y %H:%M"},
            "31/12/2024 23:59",
            "timestamptz",
            datetime(2024, 12, 31, 23, 59, tzinfo=UTC),
        ),
        ({"dateFormat": "%d/%m/%Y", "decimal": ","}, "31/12/2024", "string", "31/12/2024"),
    ],
)
def test_numbers_and_times_are_read_in_their_notation(
    read: Read, tmp_path: Path, options: dict[str, Any], text: str, data_type: str, value: Any
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f'v;w\n"{text}";1\n;2\n')

    table = read(path, column("v", data_type), **options, delimiter=";")

    assert table.to_pydict() == {"v": [value, None]}


@pytest.mark.parametrize(
    ("options", "text", "data_type"),
    [
        ({"decimal": ","}, "3.50", "decimal(10,2)"),
        ({"decimal": ","}, "1.234", "integer"),
        ({"decimal": ","}, "3,505", "decimal(10,2)"),
        ({"decimal": ","}, "3,5", "integer"),
        ({"thousands": ","}, "3,50", "integer"),
        ({"thousands": ","}, "1,2345", "integer"),
        ({"thousands": ","}, ",500", "integer"),
        ({"thousands": ".", "decimal": ","}, "1.23,5", "double"),
        ({"decimal": ","}, "?", "integer"),
        ({"dateFormat": "%d/%m/%Y"}, "31/12/24", "date"),
        ({"dateFormat": "%d/%m/%Y"}, "12/31/2024", "date"),
        ({"dateFormat": "%d/%m/%Y"}, "30/02/2024", "date"),
        ({"dateFormat": "%d/%m/%Y"}, "2024-12-31", "date"),
        ({"dateFormat": "%d/%m/%Y %H:%M"}, "31/12/2024 10:00", "date"),
        ({"timestampFormat": "%d/%m/%Y %H:%M"}, "31/12/2024", "timestamp"),
    ],
)
def test_what_is_not_in_the_notation_is_refused(
    read: Read, tmp_path: Path, options: dict[str, Any], text: str, data_type: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f'v;w\n"{text}";1\n')

    with pytest.raises(PluginFault) as fault:
        read(path, column("v", data_type), **options, delimiter=";")
    assert str(fault.value).startswith(f"{path}, line 2, column v: {text!r} is not {a(data_type)};")


def test_an_offset_in_a_column_without_a_time_zone_is_refused(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("v\n31/12/2024 23:59 +02:00\n")

    with pytest.raises(PluginFault, match=r"column v is timestamp, and timestampFormat has an offset.*timestamptz"):
        read(path, column("v", "timestamp"), timestampFormat="%d/%m/%Y %H:%M %z")


@pytest.mark.parametrize(
    "options",
    [{"encoding": "utf-16"}, {"quote": "'"}, {"escape": "\\"}, {"skip": 1}, {"comment": "#"}, {"header": False}],
    ids=lambda options: next(iter(options)),
)
def test_a_record_that_the_reader_drops_stops_the_load_under_every_option(
    read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]
) -> None:
    lines = ["a"] * options.get("header", True) + ["x", "'y", "z"]
    text = "".join(f"{line}\n" for line in ["#left out"] * options.get("skip", 0) + lines)
    path = tmp_path / "a.csv"
    path.write_text(text.replace("'", "" if "quote" in options else "'"), encoding=options.get("encoding", "utf-8"))
    assert read(path, *AB[:1], **options).num_rows == 3
    whole = Reader.over
    monkeypatch.setattr(Reader, "over", lambda reader, files: f"(SELECT * FROM {whole(reader, files)} OFFSET 1)")

    with pytest.raises(PluginFault, match=r"a\.csv: 3 records were delivered, and 2 were read"):
        read(path, *AB[:1], **options)


@pytest.mark.parametrize(
    ("options", "line"),
    [({}, 5), ({"encoding": "utf-16"}, 5), ({"skip": 2}, 7), ({"comment": "#"}, 7), ({"comment": "#", "skip": 2}, 9)],
)
def test_a_line_is_told_as_it_was_delivered(read: Read, tmp_path: Path, options: dict[str, Any], line: int) -> None:
    lines = ['"left out'] * options.get("skip", 0) + ['"a\nx",n,"not in the contract"']
    lines += ["# one"] * ("comment" in options) + ['1,2,"two\nlines"'] + ["# two"] * ("comment" in options)
    path = tmp_path / "a.csv"
    path.write_bytes(("\n".join([*lines, "2,bad,3"]) + "\n").encode(options.get("encoding", "utf-8")))

    with pytest.raises(PluginFault, match=f"line {line}, column n: 'bad' is not an integer"):
        read(path, column("n", "integer"), **options)


def test_types_are_inferred_in_their_notation(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("n;d\n1,5;31/12/2024\n2;01/02/2024\n", encoding="utf-16")

    table = read(path, decimal=",", dateFormat="%d/%m/%Y", encoding="utf-16")

    assert table.to_pydict() == {"n": [1.5, 2.0], "d": [date(2024, 12, 31), date(2024, 2, 1)]}
