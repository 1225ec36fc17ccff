"""The counts of delivered records, which know nothing of DuckDB: how text is cut into blocks makes no difference."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.technologies.files.cloudquery.counts.csv_records import CsvRecords
from datakit_iac.technologies.files.cloudquery.counts.json_values import JsonValues
from datakit_iac.technologies.files.cloudquery.finding import DataFile
from datakit_iac.technologies.files.cloudquery.opening import Dialect

LIMIT = 1 << 20
VALUES = [
    "",
    "a",
    "NA",
    '5" pipe',
    '"',
    '""',
    "two\nlines",
    "cr\rhere",
    "crlf\r\nhere",
    ",",
    " ",
    ' "x',
    "é",
    "#",
    "\\",
    'a"b""c',
]


def _cut(data: bytes, size: int) -> Iterator[bytes]:
    yield from (data[start : start + size] for start in range(0, len(data), size))


def _csv(data: bytes, size: int, delimiter: str = ",") -> tuple[int, int, bytes]:
    count = CsvRecords(DataFile(Path("nowhere.csv"), "a.csv", "csv"), Dialect(delimiter), LIMIT)
    count.count(_cut(data, size))
    return count.records, count.empty, count.head


def _json(data: bytes, size: int) -> int:
    count = JsonValues(DataFile(Path("nowhere.json"), "a.json", "json"), LIMIT)
    count.count(_cut(data, size))
    return count.records


def _written(value: str, delimiter: str, always: bool) -> str:
    needs = any(sign in value for sign in (delimiter[0], "\n", "\r")) or value.lstrip(" ").startswith('"')
    return '"' + value.replace('"', '""') + '"' if always or needs or not value else value


@pytest.mark.parametrize("seed", range(100))
def test_records_of_csv_are_those_that_were_written(seed: int) -> None:
    chosen = random.Random(seed)
    end, delimiter = chosen.choice(["\n", "\r\n", "\r"]), chosen.choice([",", ";", "\t", "||"])
    always, space = chosen.random() < 0.4, chosen.choice(["", "", " ", "  "])
    lines = ["head" + delimiter + "other"]
    for _ in range(chosen.randrange(30)):
        values = chosen.choices(VALUES, k=chosen.randrange(1, 4))
        line = (delimiter + space).join(_written(value, delimiter, always) for value in values)
        lines.append("" if chosen.random() < 0.1 else line)
    text = end.join(lines)
    if not lines[-1] or chosen.random() < 0.5:
        text += end
    if chosen.random() < 0.3:
        text = "\ufeff" + text
    expected = len(lines) - lines.count(""), lines.count("")

    for size in (1, 2, 3, 7, 64, 1 << 20):
        assert _csv(text.encode(), size, delimiter)[:2] == expected, (size, text)


@pytest.mark.parametrize(
    ("text", "records", "empty"),
    [
        ("", 0, 0),
        ("a", 1, 0),
        ("a\n", 1, 0),
        ("\n", 0, 1),
        ("a\n\n\n1\n", 2, 2),
        ('a\n5" pipe\n6" pipe\n', 3, 0),
        ('a\nx"",\ny\n', 3, 0),
        ('a,b\n1,   "x\ny"\n2,"z"   \n', 3, 0),
        ('a,b\n1,"x"junk"\n2,3\n', 3, 0),
        ('a\n"""q"""\n""\n"a""\n""b"\n', 4, 0),
        ("a\r\n1\r\n2\r", 3, 0),
        (" \n  \n", 2, 0),
    ],
)
def test_odd_texts_have_their_records(text: str, records: int, empty: int) -> None:
    for size in (1, 2, 5, 1 << 20):
        assert _csv(text.encode(), size)[:2] == (records, empty)


def test_the_head_is_the_first_record_with_its_quoted_line_breaks() -> None:
    for size in (1, 4, 1 << 20):
        assert _csv(b'\xef\xbb\xbf"a\nx",b\n1,2\n', size)[2] == b'"a\nx",b\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\n1\r\n2\n", "line 2: this line ends otherwise than the first one, which ends with LF"),
        ("a\r\n1\r\n2\n", "line 3: this line ends otherwise than the first one, which ends with CR LF"),
        ("a\n1\r2\n", "line 2: this line ends otherwise"),
        ('a\n1\n"2\n3\n', "line 3: a quote that opens in this record is not closed"),
        ("a\n" + "x" * (LIMIT + 1), f"line 2: the record that begins here has more than {LIMIT:,} bytes"),
        ('a\n1\n"' + "x\n" * LIMIT, "line 3: the record that begins here has more than"),
    ],
)
def test_texts_whose_records_cannot_be_told_are_refused_with_their_line(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode())
    for size in (1, 3, 1 << 20) if len(text) < 100 else (1 << 16, 1 << 20):
        with pytest.raises(PluginFault, match=message):
            CsvRecords(DataFile(path, "a.csv", "csv"), Dialect(","), LIMIT).count(_cut(path.read_bytes(), size))


def _value(chosen: random.Random, depth: int = 0) -> object:
    kind = chosen.randrange(8 if depth < 3 else 5)
    if kind == 5:
        return [_value(chosen, depth + 1) for _ in range(chosen.randrange(4))]
    if kind >= 6:
        return {chosen.choice('ab"\\{['): _value(chosen, depth + 1) for _ in range(chosen.randrange(4))}
    return chosen.choice([1, -2.5, None, True, "", '"', "\\", "\\\\", '}{"', "],[", "a b", "\n", "é", "{}", "\x00"])


@pytest.mark.parametrize("seed", range(80))
def test_values_of_json_are_those_that_were_written(seed: int) -> None:
    chosen = random.Random(seed)
    scalars = chosen.random() < 0.3
    values = [
        _value(chosen) if scalars else {"a": _value(chosen), "b": _value(chosen)}
        for _ in range(chosen.randrange(2, 20))
    ]
    indent = chosen.choice([None, None, 1])
    ascii_only = chosen.random() < 0.5
    texts = [json.dumps(value, indent=indent, ensure_ascii=ascii_only) for value in values]
    if chosen.random() < 0.4:
        space = chosen.choice(["", " ", "\n", "\n\t"])
        text = f"{space}[{space}" + f"{space},{space}".join(texts) + f"{space}]{space}"
    else:
        text = chosen.choice(["\n", "\r\n", " ", "\n\n", " \t"]).join(texts) + chosen.choice(["", "\n"])
    if chosen.random() < 0.2:
        text = "\ufeff" + text

    for size in (1, 2, 3, 7, 64, 1 << 20):
        # The byte order mark is looked for in the first block, which in truth is never so short.
        if size > 3 or not text.startswith("\ufeff"):
            assert _json(text.encode(), size) == len(values), (size, text)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", 0),
        (" \n", 0),
        ("[]", 0),
        ("[ \n ]\n", 0),
        ("[[]]", 1),
        ("[null]", 1),
        ("[1,2]\n[3]\n", 2),
        ('{"a":1}{"a":2}\n{"a":3}\n', 3),
        ('{"a":1} \t{"a":2}\n', 2),
        ('{"a":1}\r{"a":2}\r', 2),
        ('{"a":"}{"}\n{"a":"} {"}\n', 2),
        ('{"a":1}\nnull\n{"a":2}\n', 3),
        ('{"a":1}\nxyz', 2),
        ('[{"a":1}] xyz', 2),
        ('"a b" "c"\n', 2),
    ],
)
def test_odd_json_has_its_values(text: str, values: int) -> None:
    for size in (1, 2, 5, 1 << 20):
        assert _json(text.encode(), size) == values


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"a":1},', "line 1: the file ends inside the array"),
        ('{"a":1}\n{"a":', "line 2: the file ends inside a record"),
        ('{"a":1}\n{"a":"x', "line 2: the file ends inside a string"),
        ('{"a":1}\n}\n', "line 2: a bracket closes that was not opened"),
        ('{"a":1}\n{"a":"' + "x" * (LIMIT + 1) + '"}\n', f"line 2: .* has more than {LIMIT:,} bytes"),
        ('[{"a":1},\n' + " " * (LIMIT + 1) + "1]", "has more than"),
        ("{" * (LIMIT + 1), "has more than"),
    ],
)
def test_json_whose_values_cannot_be_told_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(text.encode())
    for size in (1, 3, 1 << 20) if len(text) < 100 else (1 << 16, 1 << 20):
        with pytest.raises(PluginFault, match=message):
            JsonValues(DataFile(path, "a.json", "json"), LIMIT).count(_cut(path.read_bytes(), size))
