"""`dk dataset rows` and `dk dataset profile`: data that people see, and what they do not."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.cli.conftest import Dk
from tests.manifest.writing import manifest, write

COLUMNS = """
    - {name: id, type: bigint, primaryKey: true}
    - {name: email, type: string, pii: true}
    - {name: score, type: 'decimal(6,2)'}
"""
ROWS = "(1, 'ann@example.com', 1.50, 'x'), (2, NULL, NULL, 'y'), (3, 'bob@example.com', -7.25, '')"
RELATION = f"(VALUES {ROWS}) AS v(id, email, score, extra)"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same rows in a table, and in a file of each format."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inbox").mkdir()
    for name in ("duckdb", "files"):
        write(
            tmp_path,
            manifest("Connector", name, f"spec: {{type: {name}, capabilities: [source, destination]}}"),
            file=f"{name}.yaml",
        )
    write(
        tmp_path,
        manifest("Store", "warehouse", "spec: {connector: duckdb, connection: {path: warehouse.duckdb}}"),
        manifest("Store", "inbox", "spec: {connector: files, connection: {path: inbox}}"),
        manifest("Environment", "dev", "spec: {versions: ranges}"),
        manifest("DataSet", "orders", f"spec:\n  store: warehouse\n  table: raw.orders\n  schema: {COLUMNS}"),
        manifest("DataSet", "bare", "spec: {store: inbox, prefix: csv}"),
        *(
            manifest("DataSet", name, f"spec:\n  store: inbox\n  prefix: {name}\n  schema: {COLUMNS}")
            for name in ("csv", "json", "parquet")
        ),
        file="shop.yaml",
    )
    with duckdb.connect(tmp_path / "warehouse.duckdb") as database:
        database.execute(f"CREATE SCHEMA raw; CREATE TABLE raw.orders AS SELECT * FROM {RELATION}")
        for name in ("csv", "json", "parquet"):
            (tmp_path / "inbox" / name).mkdir()
            database.execute(f"COPY (SELECT * FROM {RELATION}) TO 'inbox/{name}/0.{name}' (FORMAT {name})")
    return tmp_path


@pytest.mark.parametrize("name", ["orders", "csv", "json", "parquet"])
def test_rows_are_shown_and_personal_data_is_masked(dk: Dk, shop: Path, name: str) -> None:
    called = dk("dataset", "rows", name, "--output", "json")
    assert (called.code, called.document["masked"], called.document["columns"]) == (
        0,
        ["email"],
        ["id", "email", "score"],
    )
    assert called.document["rows"] == [
        {"id": 1, "email": "***", "score": "1.50"},
        {"id": 2, "email": None, "score": None},
        {"id": 3, "email": "***", "score": "-7.25"},
    ]
    assert "extra" in " ".join(called.document["notes"])
    chosen = dk("dataset", "rows", name, "--show-pii", "--where", "email LIKE 'bob%'", "--output", "json").document
    assert [row["email"] for row in chosen["rows"]] == ["bob@example.com"]
    as_text = dk("dataset", "rows", name, "--limit", "2")
    assert as_text.out.splitlines() == ["id  email  score", "1   ***    1.50", "2   NULL   NULL"]
    assert "masked as personal data: email" in as_text.err


@pytest.mark.parametrize("name", ["orders", "csv", "json", "parquet"])
def test_a_profile_tells_no_value_of_personal_data(dk: Dk, shop: Path, name: str) -> None:
    called = dk("dataset", "profile", name, "--output", "json")
    key, email, score = called.document["columns"]
    assert (called.document["rows"], key["nulls"], key["distinct"], key["min"], key["max"]) == (3, 0, 3, 1, 3)
    assert (email["nulls"], email["distinct"], email["maxLength"], email["masked"]) == (1, 2, 15, True)
    assert (email["min"], email["max"], score["min"], score["max"]) == (None, None, "-7.25", "1.50")
    assert "@" not in called.out + dk("dataset", "profile", name).out
    shown = dk("dataset", "profile", name, "--show-pii")
    assert "ann@example.com" in shown.out
    assert shown.out.startswith("3 rows\n")


def test_what_contradicts_the_contract_is_an_error_without_the_value_that_is_masked(dk: Dk, shop: Path) -> None:
    (shop / "inbox" / "csv" / "0.csv").write_text("id,email,score\n1,ann@example.com,much\n")
    called = dk("dataset", "rows", "csv")
    assert called.code == 2
    assert "much" in called.err
    assert "ann@" not in called.err + called.out


def test_where_nothing_is_declared_everything_is_shown_and_that_is_said(dk: Dk, shop: Path) -> None:
    called = dk("dataset", "rows", "bare", "--where", "score > 0")
    assert called.out.splitlines()[1].split() == ["1", "ann@example.com", "1.5", "x"]
    assert "declares no columns" in called.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["order"], "did you mean 'orders'"),
        (["orders", "--where", "email LIKE 'a%'"], "names email, which is personal data"),
        (["orders", "--where", "id IN (SELECT id FROM raw.orders WHERE length(email) > 3)"], "it cannot query"),
        (["orders", "--where", "read_text('/etc/passwd') = ''"], "calls read_text()"),
        (["csv", "--where", "1=1); DROP TABLE orders; --"], "has `;`"),
        (["csv", "--where", "nowhere = 1"], "nowhere"),
        (["orders", "--env", "prod"], "unknown Environment 'prod'"),
    ],
)
def test_what_cannot_be_shown_is_said(dk: Dk, shop: Path, arguments: list[str], said: str) -> None:
    called = dk("dataset", "rows", *arguments)
    assert (called.code, called.out) == (2, "")
    assert said in called.err


def test_where_nothing_is_yet_is_said(dk: Dk, shop: Path) -> None:
    (shop / "inbox" / "csv" / "0.csv").rename(shop / "kept.csv")
    assert (dk("dataset", "profile", "bare").out, dk("dataset", "rows", "bare").out) == ("0 rows\n", "")
    (shop / "kept.csv").rename(shop / "inbox" / "csv" / "0.csv")
    (shop / "inbox" / "csv" / "0.csv").unlink()
    empty = dk("dataset", "rows", "csv", "--output", "json").document
    assert (empty["columns"], empty["rows"]) == (["id", "email", "score"], [])
    (shop / "inbox" / "csv").rmdir()
    assert re.search("there is nothing at .*inbox/csv; put files there", dk("dataset", "rows", "csv").err)
    with duckdb.connect(shop / "warehouse.duckdb") as database:
        database.execute("DROP TABLE raw.orders")
    assert "there is no table raw.orders" in dk("dataset", "profile", "orders").err


def test_a_file_that_a_job_holds_is_waited_for_and_then_named(
    dk: Dk, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import duckdb, sys; d = duckdb.connect('warehouse.duckdb'); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        monkeypatch.setattr("datakit_iac.technologies.duckdb.session.PATIENCE", 0.1)
        called = dk("dataset", "rows", "orders")
        assert (called.code, called.out) == (2, "")
        assert re.search(rf"held by process {holder.pid}\b.*end it and try again", called.err)


def test_of_long_json_lines_the_first_are_enough(dk: Dk, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [json.dumps({"id": number, "email": None, "score": None}) for number in range(5_000)]
    (shop / "inbox" / "csv" / "0.csv").write_text("id\x1b[31m,a\n1,2\n")
    assert "\x1b" not in dk("dataset", "rows", "bare").out
    (shop / "inbox" / "json" / "0.json").write_text("\n".join([*lines, "{not JSON"]))
    monkeypatch.setattr("datakit_iac.technologies.files.cloudquery.looking._HEAD", 10_000)
    assert dk("dataset", "rows", "json", "--limit", "1").code == 0
    assert "line 5,001" in dk("dataset", "rows", "json", "--where", "id = 1").err
    sparse = [json.dumps({"id": number, "score": None}) for number in range(5_000)]
    (shop / "inbox" / "json" / "0.json").write_text("\n".join([*sparse, '{"id": 1, "score": 1, "email": "a"}']))
    assert "1   NULL   NULL" in dk("dataset", "rows", "json", "--limit", "2").out
