"""DuckDB's readers of files, as SQL whose limits are all said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from datakit_iac.technologies.files.cloudquery.finding import DataFile
from datakit_iac.technologies.files.cloudquery.opening import Dialect
from datakit_iac.technologies.files.cloudquery.spec import TableSpec

_ROOM: Final = 1 << 12
"""What DuckDB is allowed beyond our own limit, so that ours, which names the setting, always comes first."""
_LINE: Final = 2 << 20
_OBJECT: Final = 16 << 20
_BUFFER: Final = 32 << 20
"""DuckDB's own defaults, below which a small limit of ours does not push it."""
_PLAIN: Final = "hive_partitioning=false"
"""Names of folders are not data: a folder `year=2013` would hide the column `year` of the files in it."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A table function with all its arguments but the files.

    Attributes:
        function: its name.
        arguments: each as SQL.
    """

    function: str
    arguments: tuple[str, ...]

    def over(self, files: Sequence[DataFile]) -> str:
        """The relation over these files, for a statement after FROM."""
        paths = ", ".join(literal(str(file.path)) for file in files)
        return f"{self.function}({', '.join([f'[{paths}]', *self.arguments])})"


def csv_reader(spec: TableSpec, dialect: Dialect, *more: str) -> Reader:
    """The reader of plain CSV files."""
    nulls = ", ".join(map(literal, spec.csv.nulls))
    longest = max(_LINE, spec.limits.record + _ROOM)
    arguments = (
        f"header={'true' if spec.csv.header else 'false'}",
        f"delim={literal(dialect.delimiter)}",
        f"quote={literal(dialect.quote)}",
        f"escape={literal(dialect.escape)}",
        f"nullstr=[{nulls}]",
        "compression='none'",
        f"max_line_size={longest}",
        # A buffer takes a record whole: DuckDB 2.0 loses the last one of a file where it does not.
        f"buffer_size={max(_BUFFER, 2 * longest)}",
        _PLAIN,
    )
    return Reader("read_csv", (*arguments, *more))


def json_reader(spec: TableSpec, *more: str) -> Reader:
    """The reader of plain JSON files, of lines or an array."""
    longest = max(_OBJECT, spec.limits.record + _ROOM)
    arguments = ("format='auto'", "compression='none'", f"maximum_object_size={longest}", _PLAIN)
    return Reader("read_json", (*arguments, *more))


def parquet_reader() -> Reader:
    """The reader of Parquet files."""
    return Reader("read_parquet", (_PLAIN,))


def quoted(name: str) -> str:
    """An identifier, quoted."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text literal."""
    return "'" + text.replace("'", "''") + "'"
