"""Rows for development, held against the contract of their DataSet."""

from __future__ import annotations

from pathlib import Path

import pytest

from datakit_iac.checks.references import references
from datakit_iac.findings.finding import Finding
from datakit_iac.manifest.loading.loader import load
from tests.manifest.writing import CONNECTOR, STORE, manifest, only, write


def found(root: Path, seed: str, schema: str = "") -> list[Finding]:
    body = f"spec: {{store: warehouse, table: t, schema: [{schema}], dev: {{seed: {seed}}}}}"
    return list(references(load(write(root, CONNECTOR, STORE, manifest("DataSet", "t", body)))))


VALUES = {
    "boolean": (["true", "no"], ["1", "'true'"]),
    "smallint": (["-32768", "32767"], ["32768", "1.0", "true"]),
    "integer": (["2147483647"], ["2147483648", "'5'"]),
    "bigint": (["9223372036854775807"], ["9223372036854775808"]),
    "float": (["1", "1.5"], ["'1.5'", "true"]),
    "double": ([".inf"], ["x"]),
    "decimal(10,2)": (["1", "1.5", "'19.99'"], ["'1,5'", "true", "[]"]),
    "text": (["x", "''"], ["5", "2024-01-31", "{a: 1}"]),
    "string(3)": (["abc"], ["abcd"]),
    "binary": (["x", "!!binary aGk="], ["5"]),
    "date": (["2024-01-31", "'2024-01-31'"], ["'31.1.2024'", "2024-01-31T06:00:00Z", "5"]),
    "time": (["'06:30:00'"], ["16:30:00", "'25:00'"]),
    "timestamp": (["2024-01-31T06:00:00", "2024-01-31", "'2024-01-31 06:00'"], ["'soon'", "5"]),
    "timestamptz": (["2024-01-31T06:00:00Z"], ["x"]),
    "json": (["{a: [1]}", "5", "x"], []),
    "uuid": (["'123e4567-e89b-12d3-a456-426614174000'"], ["'123'", "5"]),
    "array<int>": (["[1, 2, null]", "[]"], ["1", "[x]", "['1']"]),
}


@pytest.mark.parametrize("name", VALUES)
def test_values_are_held_against_the_type_of_their_column(tmp_path: Path, name: str) -> None:
    good, bad = VALUES[name]
    rows = ", ".join(f"{{a: {value}}}" for value in (*good, "null", *bad))
    told = found(tmp_path, f"{{inline: [{rows}]}}", f"{{name: A, type: '{name}'}}")
    first = len(good) + 1
    assert [each.path for each in told] == [f"spec.dev.seed.inline[{first + index}].a" for index in range(len(bad))]
    assert {(each.code, bool(each.hint)) for each in told} <= {("invalid-seed", True)}


def test_text_that_yaml_takes_for_something_else_is_to_be_quoted(tmp_path: Path) -> None:
    told = only(found(tmp_path, "{inline: [{at: 16:30:00}]}", "{name: at, type: time}"))
    assert (told.message, told.hint) == ("59400 is not a time, which column at is", "put it in quotes")


@pytest.mark.parametrize("row", ["{b: x}", "{a: null, b: x}"])
@pytest.mark.parametrize("required", ["nullable: false", "primaryKey: true"])
def test_a_row_has_what_may_not_be_missing(tmp_path: Path, row: str, required: str) -> None:
    schema = f"{{name: a, type: int, {required}}}, {{name: b, type: text}}"
    told = only(found(tmp_path, f"{{inline: [{{a: 1}}, {row}]}}", schema))
    assert (told.path, told.hint) == ("spec.dev.seed.inline[1]", "add a: …")


def test_profiles_are_looked_at_too(tmp_path: Path) -> None:
    seed = "{profiles: {small: {inline: [{a: x, c: 1}]}, large: {file: none.csv}}}"
    told = found(tmp_path, seed, "{name: a, type: int}")
    assert [(each.code, each.path) for each in told] == [
        ("invalid-seed", "spec.dev.seed.profiles.small.inline[0].a"),
        ("unknown-column", "spec.dev.seed.profiles.small.inline[0].c"),
        ("invalid-seed", "spec.dev.seed.profiles.large.file"),
    ]


def test_rows_without_a_schema_may_have_anything(tmp_path: Path) -> None:
    assert found(tmp_path, "{inline: [{a: 1, b: x}]}") == []


CONTENT = {
    "a.csv": b"id,name\n1,ann\n",
    "bom.csv": b"\xef\xbb\xbfid\n1\n",
    "empty.csv": b"",
    "A.CSV": b"id\n",
    "a.json": b' [{"id": 1}]',
    "a.jsonl": b'{"id": 1}\n{"id": 2}\n',
    "a.parquet": b"PAR1\x15\x04\0\0",
    "a.avro": b"Obj\x01\x04\x14",
}


@pytest.mark.parametrize("name", CONTENT)
def test_a_file_of_the_format_that_its_name_says_is_fine(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(CONTENT[name])
    assert found(tmp_path, f"{{file: {name}}}") == []


@pytest.mark.parametrize(
    ("name", "content", "is_what"),
    [
        ("a.csv", CONTENT["a.parquet"], "is Parquet, and its name says CSV"),
        ("a.parquet", CONTENT["a.csv"], "is CSV, and its name says Parquet"),
        ("a.json", CONTENT["a.csv"], "is CSV, and its name says JSON"),
        ("a.avro", CONTENT["a.json"], "is JSON, and its name says Avro"),
        ("a.csv", "id\n1\n".encode("utf-16"), "is not text, and its name says CSV"),
        ("a.xlsx", b"PK", "is of no format"),
    ],
)
def test_a_file_of_another_format_is_told(tmp_path: Path, name: str, content: bytes, is_what: str) -> None:
    (tmp_path / name).write_bytes(content)
    told = only(found(tmp_path, f"{{file: {name}}}"))
    assert (told.code, told.path, is_what in told.message) == ("invalid-seed", "spec.dev.seed.file", True)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("seeds/user.csv", "did you mean 'users.csv'?"),
        ("seed/users.csv", "did you mean 'seeds'?"),
        ("seeds/users.csv/more.csv", ""),
        ("seeds/folder.csv", "the file with the rows"),
        ('"a\\0.csv"', ""),
    ],
)
def test_a_file_that_is_not_there_names_the_nearest(tmp_path: Path, name: str, hint: str) -> None:
    (tmp_path / "seeds/folder.csv").mkdir(parents=True)
    (tmp_path / "seeds/users.csv").write_text("id\n")
    told = only(found(tmp_path, f"{{file: {name}}}"))
    assert (told.code, told.path) == ("invalid-seed", "spec.dev.seed.file")
    assert hint in told.hint
    assert told.hint


def test_a_file_that_cannot_be_opened_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.csv").write_text("id\n")

    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    project = write(
        tmp_path,
        CONNECTOR,
        STORE,
        manifest("DataSet", "t", "spec: {store: warehouse, table: t, dev: {seed: {file: a.csv}}}"),
    )
    read = load(project)
    monkeypatch.setattr("datakit_iac.checks.seeds._format", refused)  # root may open everything
    assert "cannot be read: Permission denied" in only(list(references(read))).message
