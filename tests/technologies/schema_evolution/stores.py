"""Stores of each technology, and a look at what is really in them."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import duckdb
from confluent_kafka import Consumer, TopicPartition

from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.technologies.s3 import bucket_settings
from datakit_iac.technologies.s3.carrying import fetch, publish
from datakit_iac.technologies.s3.objects import Objects
from datakit_iac.testing import TechnologyKit
from tests.technologies.kits import (
    duckdb_kit,
    files_kit,
    kafka_kit,
    postgres,
    postgres_kit,
    s3_kit,
    snowflake_as_somebody,
    snowflake_kit,
)
from tests.technologies.schema_evolution.cases import Columns, Rows
from tests.technologies.schema_evolution.locks import Locks


class Tables(ABC):
    """A Store in which each case has a DataSet of its own.

    Attributes:
        locks: what tells who must wait for a change; None where nobody does, or the whole Store is taken.
        not_understood: what a server under test says of a statement that the product understands and it does not.
        is_kept_as_written: whether rows stay as they were written, whatever the contract says.
    """

    field = "table"
    locks: Locks | None = None
    is_kept_as_written = False
    not_understood = ""

    def __init__(self, kit: TechnologyKit) -> None:
        self.kit = kit
        self.options = kit.connection.options
        self.secrets = {name: each.reveal() for name, each in kit.connection.secrets.items()}
        named = {"name": "store", "technology": kit.connection.technology}
        self.store = {**named, "connection": dict(self.options), "secrets": self.secrets}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:  # noqa: B027 - most hold nothing
        """Give back what is held."""

    def inputs(self, place: str, columns: Columns, **more: Any) -> dict[str, Any]:
        """The inputs of a DataSet."""
        name = place.rpartition(".")[2].rstrip("/")
        return {"name": name, "store": self.store, self.field: place, "schema": list(columns), **more}

    def place(self, name: str) -> str:
        """The place of a name."""
        return str(self.kit.place(name))

    def catalog(self, dataset: BoundDataSet) -> Any:
        """What the Store tells of a DataSet, without its rows and its mark."""
        with self.kit.technology.open(dataset.connection) as session:
            state = session.describe(dataset.place)
        return state and replace(state, mark=None, is_empty=None)

    @abstractmethod
    def fill(self, dataset: BoundDataSet, rows: Rows) -> None:
        """Write rows as a load does."""

    @abstractmethod
    def rows(self, dataset: BoundDataSet) -> list[tuple[Any, ...]]:
        """The rows, by the columns that are declared."""

    @abstractmethod
    def body(self, dataset: BoundDataSet) -> object:
        """What is another one where rows were written to another table, or to other objects."""


def _names(dataset: BoundDataSet) -> str:
    return ", ".join(f'"{column.name}"' for column in dataset.columns)


class DuckDBTables(Tables):
    """Tables in a DuckDB file."""

    def __init__(self, folder: Path) -> None:
        super().__init__(duckdb_kit(folder))
        self._held = duckdb.connect(self.options["path"])
        """Open to the end: the numbers of tables are others whenever the file is opened."""

    def close(self) -> None:
        self._held.close()

    def _run(self, sql: str, rows: Rows = ()) -> list[tuple[Any, ...]]:
        done = self._held.executemany(sql, rows) if rows else self._held.execute(sql)
        return done.fetchall()

    def fill(self, dataset: BoundDataSet, rows: Rows) -> None:
        self._run(f"INSERT INTO {dataset.place} VALUES ({', '.join('?' * len(dataset.columns))})", rows)

    def rows(self, dataset: BoundDataSet) -> list[tuple[Any, ...]]:
        return sorted(self._run(f"SELECT {_names(dataset)} FROM {dataset.place}"), key=repr)

    def body(self, dataset: BoundDataSet) -> object:
        name = str(dataset.place).partition(".")[2]
        return self._run(f"SELECT table_oid FROM duckdb_tables() WHERE table_name = '{name}'")


class PostgresTables(Tables):
    """Tables in a database of its own, whose DDL is watched."""

    def __init__(self, folder: Path) -> None:
        super().__init__(postgres_kit(folder))
        self.database = str(self.options["database"])
        with self.kit.technology.open(self.kit.connection, create=True):
            self.locks = Locks(self.database)

    def fill(self, dataset: BoundDataSet, rows: Rows) -> None:
        values = ", ".join(["%s"] * len(dataset.columns))
        with postgres(self.database) as database:
            database.cursor().executemany(f"INSERT INTO {dataset.place} VALUES ({values})", rows)

    def rows(self, dataset: BoundDataSet) -> list[tuple[Any, ...]]:
        with postgres(self.database) as database:
            return sorted(database.execute(f"SELECT {_names(dataset)} FROM {dataset.place}").fetchall(), key=repr)

    def body(self, dataset: BoundDataSet) -> object:
        with postgres(self.database) as database:
            return database.execute("SELECT to_regclass(%s)::oid", [str(dataset.place)]).fetchall()


class SnowflakeTables(Tables):
    """Tables in a database of an emulator, which shows no locks and does not understand `DROP PRIMARY KEY`."""

    not_understood = 'Parser Error: syntax error at or near "PRIMARY"'

    def __init__(self, folder: Path) -> None:
        super().__init__(snowflake_kit(folder))
        self.database = str(self.options["database"])

    def _run(self, sql: str, rows: Rows = ()) -> list[Any]:
        with snowflake_as_somebody(self.database) as database, database.cursor() as cursor:
            if rows:
                cursor.executemany(sql, rows)
                return []
            return list(cursor.execute(sql).fetchall())  # type: ignore[union-attr]

    def fill(self, dataset: BoundDataSet, rows: Rows) -> None:
        self._run(f"INSERT INTO {dataset.place} VALUES ({', '.join(['%s'] * len(dataset.columns))})", rows)

    def rows(self, dataset: BoundDataSet) -> list[tuple[Any, ...]]:
        return sorted(self._run(f"SELECT {_names(dataset).upper()} FROM {dataset.place}"), key=repr)

    def body(self, dataset: BoundDataSet) -> object:
        name = str(dataset.place).partition(".")[2].upper()
        return self._run(f"SELECT created FROM information_schema.tables WHERE table_name = '{name}'")


class S3Prefixes(Tables):
    """Prefixes of a bucket that the Store has made, loaded and read by our own destination and source."""

    field = "prefix"

    def __init__(self, folder: Path) -> None:
        super().__init__(s3_kit(folder))
        self._folder = folder
        self._objects = Objects(self.options, self.secrets)

    def fill(self, dataset: BoundDataSet, rows: Rows) -> None:
        path = self._folder / f"{uuid4().hex}.duckdb"
        with duckdb.connect(path) as database:
            said = ", ".join(f'"{column.name}" {column.type}' for column in dataset.columns)
            database.execute(f"CREATE TABLE {dataset.name} ({said})")
            database.executemany(f"INSERT INTO {dataset.name} VALUES ({', '.join('?' * len(dataset.columns))})", rows)
        publish([dataset], path, "load", "1f")

    def rows(self, dataset: BoundDataSet) -> list[tuple[Any, ...]]:
        with self.kit.technology.open(dataset.connection) as session:
            state = session.describe(dataset.place)
        if state and state.is_empty:
            return []
        path = self._folder / f"{uuid4().hex}.duckdb"
        free = (each.model_copy(update={"nullable": True, "primary_key": False}) for each in dataset.columns)
        fetch([replace(dataset, columns=tuple(free))], path)  # a column that a Run is about to fill has no values yet
        with duckdb.connect(path) as database:
            return sorted(database.execute(f"SELECT {_names(dataset)} FROM {dataset.name}").fetchall(), key=repr)

    def catalog(self, dataset: BoundDataSet) -> Any:
        return super().catalog(dataset), bucket_settings.tags(self._objects)

    def body(self, dataset: BoundDataSet) -> object:
        return sorted((each.key, each.etag) for each in self._objects.list(str(dataset.place)))


class KafkaTopics(Tables):
    """Topics of a cluster, whose messages stay as they were written."""

    field = "topic"
    is_kept_as_written = True

    def __init__(self, folder: Path) -> None:
        super().__init__(kafka_kit(folder))
        self._brokers, self._prefix = self.options["brokers"][0], self.options["prefix"]

    def fill(self, dataset: BoundDataSet, rows: Rows) -> None:
        from confluent_kafka import Producer

        producer = Producer({"bootstrap.servers": self._brokers})
        for row in rows:
            said = dict(zip([column.name for column in dataset.columns], row, strict=True))
            producer.produce(f"{self._prefix}{dataset.place}", json.dumps(said))
        assert producer.flush(10) == 0

    def rows(self, dataset: BoundDataSet) -> list[tuple[Any, ...]]:
        topic = f"{self._prefix}{dataset.place}"
        consumer = Consumer({"bootstrap.servers": self._brokers, "group.id": uuid4().hex, "enable.partition.eof": True})
        try:
            partitions = consumer.list_topics(topic, 10).topics[topic].partitions
            consumer.assign([TopicPartition(topic, number, 0) for number in partitions])
            found, left = [], len(partitions)
            while left:
                message = consumer.poll(10)
                assert message is not None
                if message.error():
                    left -= 1
                else:
                    found.append(tuple(json.loads(message.value()).values()))
            return sorted(found, key=repr)
        finally:
            consumer.close()

    def body(self, dataset: BoundDataSet) -> object:
        with self.kit.technology.open(dataset.connection) as session:
            return session._catalog.find(f"{self._prefix}{dataset.place}").id  # type: ignore[attr-defined]


class Folders(Tables):
    """Folders of files, which others write."""

    field = "prefix"
    is_kept_as_written = True

    def __init__(self, folder: Path) -> None:
        super().__init__(files_kit(folder))
        self._root = Path(self.options["path"])

    def fill(self, dataset: BoundDataSet, rows: Rows) -> None:
        (self._root / str(dataset.place) / "1.json").write_text("\n".join(json.dumps(row) for row in rows))

    def rows(self, dataset: BoundDataSet) -> list[tuple[Any, ...]]:
        files = sorted((self._root / str(dataset.place)).glob("*.json"))
        return [tuple(json.loads(line)) for file in files for line in file.read_text().splitlines()]

    def body(self, dataset: BoundDataSet) -> object:
        files = (self._root / str(dataset.place)).glob("*.json")
        return [(each.name, each.stat().st_mtime_ns) for each in files]


STORES: dict[str, Callable[[Path], Tables]] = {
    "duckdb": DuckDBTables,
    "files": Folders,
    "kafka": KafkaTopics,
    "postgres": PostgresTables,
    "s3": S3Prefixes,
    "snowflake": SnowflakeTables,
}
"""A technology joins with a class of its own."""
