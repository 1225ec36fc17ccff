"""Records that do not fit go into quarantine, each with its place, and all others are loaded."""

from __future__ import annotations

import json
import random
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest

from datakit_iac.cloudquery_plugins import wire
from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.technologies.files.cloudquery.source import FilesSource
from datakit_iac.technologies.files.cloudquery.spec import FilesSpec
from tests.cloudquery.conftest import column

COLUMNS = [column("id", "integer", key=True, required=True), column("d", "date"), column("s", "string")]
Tables = dict[str, list[dict[str, Any]]]


def _sifted(path: Path, most: int | str | None = None, **options: Any) -> Tables:
    quarantine = {"table": "q", "max": None if most is None else str(most)}
    table = {"name": "t", "path": str(path), "columns": COLUMNS, "quarantine": quarantine, **options}
    with closing(FilesSource(FilesSpec.parse({"tables": [table]}))) as source:
        tables: Tables = {wire.table_name(wire.decode_schema(each)): [] for each in source.tables()}
        for data in source.batches():
            for batch in wire.decode_batches(data):
                tables[wire.table_name(batch.schema)] += batch.to_pylist()
    return tables


def test_each_record_is_told_with_its_place_reason_and_text(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(
        b'id,d,s\n1,2024-01-01,"two\nlines"\none,2024-02-30,x\n\n2,2024-01-02\n"3",2024-01-03,"a"b\n'
        b"4,2024-01-04,\xff\n5,,ok\n,2024-01-01,y\n6,2024-01-01,z,more\n7,2024-01-07,"
    )
    tables = _sifted(path)

    assert [(row["id"], row["s"]) for row in tables["t"]] == [(1, "two\nlines"), (5, "ok"), (7, None)]
    assert [(each["line"], each["column"], each["raw"]) for each in tables["q"]] == [
        (4, "id", "one,2024-02-30,x"),
        (6, None, "2,2024-01-02"),
        (7, None, '"3",2024-01-03,"a"b'),
        (8, None, "4,2024-01-04,\\xff"),
        (10, "id", ",2024-01-01,y"),
        (11, None, "6,2024-01-01,z,more"),
    ]
    reasons = [each["reason"] for each in tables["q"]]
    assert reasons[0] == "column id: 'one' is not an integer; column d: '2024-02-30' is not a date"
    assert reasons[1] == "Expected Number of Columns: 3 Found: 2"
    assert reasons[4] == "column id: no value, but the contract requires one"
    assert {each["file"] for each in tables["q"]} == {str(path)}


def test_without_misfits_the_quarantine_is_empty_and_there(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,d,s\n1,,\n")
    assert _sifted(path, 0) == {"t": [{"id": 1, "d": None, "s": None}], "q": []}


@pytest.mark.parametrize(("most", "fits"), [(2, False), (3, True), ("30%", True), ("29.9%", False), ("0%", False)])
def test_more_than_the_quarantine_takes_is_refused(tmp_path: Path, most: int | str, fits: bool) -> None:
    for number in range(2):
        rows = [f"{each},," if each % 3 else f"x{each},," for each in range(1, 6)]
        (tmp_path / f"{number}.csv").write_text("\n".join(["id,d,s", *rows, *(["short"] * number)]) + "\n")
    (tmp_path / "0.csv").write_text("id,d,s\n1,,\n2,,\nx,,\n4,,\n")
    if fits:
        tables = _sifted(tmp_path, most)
        assert (len(tables["t"]), len(tables["q"])) == (7, 3)
        return
    with pytest.raises(PluginFault) as fault:
        _sifted(tmp_path, most)
    first, *_, last = str(fault.value).splitlines()
    assert first.startswith(f"t: {tmp_path / '0.csv'}, line 4, column id: 'x' is not an integer")
    assert last == f"3 of 10 records do not fit, and at most {most} may go to q: nothing is loaded"


def test_json_and_parquet_have_quarantines_too(tmp_path: Path) -> None:
    rows = [
        {"id": 1, "d": "2024-01-01", "s": "a"},
        {"id": 2, "d": "never", "s": "b"},
        {"id": None, "d": None, "s": "c"},
    ]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with duckdb.connect() as connection:
        connection.execute(f"COPY (FROM '{tmp_path}/a.jsonl') TO '{tmp_path}/a.parquet'")
    for name in ("a.jsonl", "a.parquet"):
        tables = _sifted(tmp_path / name)
        assert [row["id"] for row in tables["t"]] == [1]
        assert [(each["line"], each["column"], json.loads(each["raw"])) for each in tables["q"]] == [
            (2, "d", rows[1]),
            (3, "id", rows[2]),
        ]


@pytest.mark.parametrize("content", ['id,d,s\n1,,\n2,"open\n3,,\n', "id,d,s\n1,,\r\n2,,\n", "d,s\n1,,\n"])
def test_files_whose_records_cannot_be_told_apart_are_refused_whole(tmp_path: Path, content: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content.encode())
    with pytest.raises(PluginFault, match=r"is not closed|line ends otherwise|lacks a column"):
        _sifted(path)


def test_records_that_may_be_part_of_one_with_an_open_quote_go_with_it(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('id,d,s\n1,,a\n2,,"he said "hi" and\n\n3,,b\nand left"\n4,,"c"\n5,,"say "x" and go"\n6,,d\n')

    tables = _sifted(path)

    assert [row["id"] for row in tables["t"]] == [1, 4, 6]
    assert [(each["line"], each["raw"]) for each in tables["q"]] == [
        (3, '2,,"he said "hi" and'),
        (5, "3,,b"),
        (6, 'and left"'),
        (8, '5,,"say "x" and go"'),
    ]
    assert tables["q"][1]["reason"].startswith("it may be part of the record before it")


@pytest.mark.parametrize("seed", range(30))
def test_every_record_is_loaded_or_in_quarantine(tmp_path: Path, seed: int) -> None:
    chosen = random.Random(seed)
    end, encoding = chosen.choice(["\n", "\r\n"]), chosen.choice(["utf-8", "utf-16", "latin-1"])
    options: dict[str, Any] = {"encoding": encoding, "dateFormat": "%d/%m/%Y", "comment": chosen.choice(["", "#"])}
    good, bad = list[int](), list[tuple[str, str | None]]()
    records = [f'"id",d,"s{end}"']
    for number in range(chosen.randrange(200)):
        match chosen.randrange(12):
            case 0:
                bad.append((f"x{number},01/02/2024,é", "id"))
            case 1:
                bad.append((f'{number},30/02/2024,"two{end}lines"', "d"))
            case 2:
                bad.append((f"{number},01/02/2024", None))
            case 3:
                bad.append((f'{number},01/02/2024,"a"b', None))
            case 4:
                records.append("#" if options["comment"] else "")
                continue
            case _:
                good.append(number)
                records.append(f'{number},01/02/2024,"a ""q"", é{end}#"')
                continue
        records.append(bad[-1][0])
    path = tmp_path / "a.csv"
    text = end.join(records) + chosen.choice(["", end])
    path.write_bytes(text.encode(encoding))
    columns = [*COLUMNS[:2], column("s", "string")]

    tables = _sifted(path, columns=columns, **{name: each for name, each in options.items() if each})

    assert [row["id"] for row in tables["t"]] == good
    assert [(each["raw"], each["column"]) for each in tables["q"]] == bad
    lines = text.split(end)
    assert all(each["raw"].split(end)[0] == lines[each["line"] - 1] for each in tables["q"])


def test_a_large_file_is_sifted_by_several_threads(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    filler = "x" * 60
    with path.open("w") as file:
        file.write("id,d,s\n")
        for number in range(1_200_000):
            file.write(
                "short\n" if number % 100_000 == 7 else f"{'x' if number % 90_000 == 5 else ''}{number},,{filler}\n"
            )

    tables = _sifted(path, "0.01%")

    assert len(tables["q"]) == 12 + 14
    assert len(tables["t"]) == 1_200_000 - len(tables["q"])
    assert [each["line"] for each in tables["q"]] == sorted(
        number + 2 for number in range(1_200_000) if number % 100_000 == 7 or number % 90_000 == 5
    )
