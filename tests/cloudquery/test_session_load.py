"""What `SqlLoad` promises, on the SQLite of `docs/adding-a-technology.md`: the same as the destinations that ship."""

from __future__ import annotations

import importlib
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from datakit_iac.cloudquery_plugins import wire
from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.technologies.ownership import Mark
from tests.cloudquery.stores import FIRST
from tests.docs.test_technology_page import files

MARK = Mark("shop/dev", "t", "1f")
OUTPUT: dict[str, Any] = {"dataset": "t", "writers": ["src"], "tests": []}


class SQLiteStore:
    """An SQLite file with a table as the provider makes it, and syncs into it."""

    def __init__(self, path: Path, load: Any, session: Any, connect: Any) -> None:
        self.path, self.load, self.session, self.connect, self.syncs = path, load, session, connect, 0
        session(connect(path)).database.close()  # the table of comments
        self.sql("CREATE TABLE t (id integer, v text)")
        self.sql("INSERT INTO datakit_comments VALUES ('t', '', ?)", MARK.append_to("ours"))

    def sql(self, query: str, *values: object) -> list[Any]:
        with closing(sqlite3.connect(self.path, isolation_level=None)) as database:
            return database.execute(query, values).fetchall()

    def mark(self) -> Mark:
        ((comment,),) = self.sql("SELECT comment FROM datakit_comments WHERE object = 't' AND part = ''")
        description, mark = Mark.split(comment)
        assert description == "ours"
        assert mark
        return mark

    def verified(self) -> None:
        self.sql("UPDATE datakit_comments SET comment = replace(comment, '?', '') WHERE part = ''")

    def sync(self, *rows: tuple[int, str], key: bool = False, source: str = "src", **spec: Any) -> None:
        spec = {"write_mode": "append", "source": source, "outputs": {"t": OUTPUT}, **spec}
        now = FIRST + timedelta(hours=self.syncs)
        self.syncs += 1
        stamps = [pa.field(wire.SYNC_TIME, pa.timestamp("us", tz="UTC")), pa.field(wire.SOURCE_NAME, pa.string())]
        fields = [wire.field("id", pa.int32(), key=key), wire.field("v", pa.string())]
        schema = wire.table_schema("t", [*stamps, *fields])
        load = self.load(self.session(self.connect(self.path)), spec)
        try:
            load.migrate(wire.encode_schema(schema), force=False)
            found = [{"id": each, "v": v, wire.SYNC_TIME: now, wire.SOURCE_NAME: source} for each, v in rows]
            load.insert(wire.encode_batch(pa.RecordBatch.from_pylist(found, schema=schema)))
            if spec["write_mode"] == "overwrite-delete-stale":
                load.delete_stale("t", source, now.replace(tzinfo=None))
            load.finish()
        except BaseException:
            load.abandon()
            raise
        load.commit()

    def rows(self) -> list[Any]:
        return self.sql("SELECT id, v FROM t ORDER BY id, v")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SQLiteStore]:
    for name, text in files():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    plugin, session = (importlib.import_module(f"datakit_sqlite.{name}") for name in ("plugin", "session"))
    yield SQLiteStore(tmp_path / "s.sqlite", plugin.Load, session.SQLiteSession, session.connect)
    for name in [each for each in sys.modules if each.startswith("datakit_sqlite")]:
        del sys.modules[name]


@pytest.mark.parametrize("is_verified", [False, True])
def test_an_append_that_is_tried_again_appends_nothing_twice(store: SQLiteStore, is_verified: bool) -> None:
    store.sync((1, "x"), (2, "y"), run="aa")
    assert [(each.run, each.is_verified) for each in store.mark().runs] == [("aa", False)]
    if is_verified:
        store.verified()

    store.sync((1, "x"), (2, "y"), run="aa")
    store.verified()
    store.sync((3, "z"), run="bb")

    assert store.rows() == [(1, "x"), (2, "y"), (3, "z")]


def test_what_was_appended_and_never_verified_goes_with_the_next_run(store: SQLiteStore) -> None:
    store.sync((1, "x"), run="aa")
    store.verified()
    store.sync((2, "y"), run="bb")
    store.sync((3, "z"), run="cc")

    assert store.rows() == [(1, "x"), (3, "z")]


@pytest.mark.parametrize("key", [False, True])
def test_stale_rows_go_by_source(store: SQLiteStore, key: bool) -> None:
    store.sql("INSERT INTO t VALUES (9, 'by hand')")
    mode: dict[str, Any] = {"write_mode": "overwrite-delete-stale", "key": key, "run": "aa"}
    both = {"t": {**OUTPUT, "writers": ["src", "other"]}}
    store.sync((1, "x"), (2, "x"), outputs=both, **mode)
    store.sync((5, "o"), source="other", outputs=both, **mode)
    store.sync((2, "y"), (3, "y"), outputs=both, **mode)
    assert store.rows() == [(2, "y"), (3, "y"), (5, "o"), (9, "by hand")]

    store.sync((2, "z"), **mode)
    assert store.rows() == [(2, "z"), (9, "by hand")]


def test_overwrite_replaces_by_key_and_its_quarantine_tells_of_the_last_sync(store: SQLiteStore) -> None:
    store.sync((1, "x"), (2, "x"), key=True, write_mode="overwrite")
    store.sync((2, "y"), key=True, write_mode="overwrite")
    assert store.rows() == [(1, "x"), (2, "y")]

    store.sync((7, "q"), write_mode="overwrite", outputs={"t": {**OUTPUT, "quarantine": True}})
    assert store.rows() == [(7, "q")]
    with pytest.raises(PluginFault, match="has no primary key, so overwrite cannot tell which rows to replace"):
        store.sync((1, "x"), write_mode="overwrite")


def test_what_is_refused_changes_nothing(store: SQLiteStore) -> None:
    store.sync((1, "x"))

    with pytest.raises(PluginFault, match="2 rows with the primary key id=4"):
        store.sync((4, "x"), (4, "y"), key=True, write_mode="overwrite")
    tested = {**OUTPUT, "tests": [["few", "t", "SELECT count(*) FROM t WHERE id > 1"]]}
    with pytest.raises(PluginFault, match=r"(?s)1 breach of contract.*t: few\(t\): 1 row"):
        store.sync((2, "x"), outputs={"t": tested})
    with pytest.raises(PluginFault, match="test few\\(t\\) of t cannot run: no such column: nope"):
        store.sync((2, "x"), outputs={"t": {**OUTPUT, "tests": [["few", "t", "SELECT count(nope) FROM t"]]}})

    assert store.rows() == [(1, "x")]
