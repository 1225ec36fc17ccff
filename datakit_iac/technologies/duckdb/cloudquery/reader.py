"""Reading tables of a DuckDB file within a process; CloudQuery's own plugin would be a second one on the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datakit_iac.cloudquery_plugins.adapters import Sync
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.technologies.sql.names import quoted, split

if TYPE_CHECKING:
    import duckdb

BATCH_ROWS = 50_000
_MEMORY = "128MB"
"""What DuckDB keeps of the file; what it needs beyond, for instance to test the rows, it keeps beside the file."""


class DuckDBReader:
    """A DuckDB file as a source of the rows of functions."""

    executable = ""
    opens = "datakit_iac.technologies.duckdb.cloudquery.reader:DuckDBSource"
    reading = frozenset[str]()

    def spec(self, sync: Sync) -> Mapping[str, Any]:
        """The file, and the table with the columns that are read."""
        ((source, _),) = sync.pairs
        path = str(Path(source.connection.options["path"]).expanduser().absolute())
        columns = [[column.name, str(column.type)] for column in source.columns]
        return {"path": path, "table": str(source.place), "columns": columns}

    def missing(self, dataset: BoundDataSet) -> Sequence[str]:
        """None: the table may be made by then."""
        return ()


class DuckDBSource:
    """One table, opened as the destination opens the same file: DuckDB allows one way for all of a process.

    Args:
        spec: as `DuckDBReader` has it.

    Raises:
        PluginFault: there is no such file, table or column.
    """

    def __init__(self, spec: Mapping[str, Any]) -> None:
        from datakit_iac.cloudquery_plugins.fault import PluginFault
        from datakit_iac.technologies.duckdb.cloudquery.database import connected
        from datakit_iac.technologies.duckdb.cloudquery.spec import DuckDBSpec

        self._table = spec["table"]
        if not Path(spec["path"]).is_file():
            raise PluginFault(f"there is no DuckDB file {spec['path']}, which {self._table} is read from")
        self._connection = connected(DuckDBSpec.parse({"path": spec["path"]}))
        self._connection.execute(f"SET memory_limit = '{_MEMORY}'")
        self._open: list[Any] = [self._connection]
        self._query = self._selecting(spec["columns"])

    def tables(self) -> list[bytes]:
        """The schema of the table."""
        from datakit_iac.cloudquery_plugins import wire

        rows = self._read(f"{self._query} LIMIT 0")
        return [wire.encode_schema(wire.table_schema(self._table, rows.schema))]

    def batches(self) -> Iterator[bytes]:
        """All rows."""
        from datakit_iac.cloudquery_plugins import wire

        for batch in self._read(self._query):
            yield wire.encode_batch(batch)

    def close(self) -> None:
        """Close the file; a query that was not read to its end would keep it open."""
        while self._open:
            self._open.pop().close()

    def _selecting(self, columns: Sequence[Sequence[str]]) -> str:
        """The query; UUIDs and JSON come as text."""
        from datakit_iac.cloudquery_plugins.fault import PluginFault

        name = ".".join(map(quoted, filter(None, split(self._table))))
        found = self._relation(f"DESCRIBE SELECT * FROM {name}").fetchall()
        there = {each[0].lower(): each[1] for each in found}
        wanted = [each for each, _ in columns] or [each[0] for each in found if not each[0].startswith("_cq_")]
        if missing := [each for each in wanted if each.lower() not in there]:
            raise PluginFault(f"{self._table} has no column {', '.join(missing)}; it has {', '.join(there)}")
        is_text = {each for each in wanted if there[each.lower()] in ("UUID", "JSON")}
        selected = [
            f"CAST({quoted(each)} AS VARCHAR) AS {quoted(each)}" if each in is_text else f"{quoted(each)}"
            for each in wanted
        ]
        return f"SELECT {', '.join(selected)} FROM {name}"

    def _read(self, query: str) -> Any:
        rows = self._relation(query).to_arrow_reader(BATCH_ROWS)
        self._open.append(rows)
        return rows

    def _relation(self, query: str) -> duckdb.DuckDBPyRelation:
        import duckdb

        from datakit_iac.cloudquery_plugins.fault import PluginFault

        cursor = self._connection.cursor()
        self._open.append(cursor)
        try:
            return cursor.execute("SET TimeZone = 'UTC'").sql(query)
        except duckdb.Error as fault:
            raise PluginFault(f"{self._table} cannot be read: {str(fault).partition(chr(10))[0]}") from fault
