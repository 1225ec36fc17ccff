"""In what form a function takes its inputs, as its annotations say; nothing is imported to know it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

if TYPE_CHECKING:
    from pyarrow import RecordBatchReader as RecordBatchReader
    from pyarrow import Table as Table
else:

    class Table:
        """An Arrow table, `pyarrow.Table`: the annotation of an input that is in memory as a whole."""

    class RecordBatchReader:
        """An Arrow stream, `pyarrow.RecordBatchReader`: the annotation of an input that is read as it comes."""


Form = Literal["table", "reader", "pandas", "polars", "polars-lazy", "duckdb"]
"""How an input is handed to a function."""

FORMS: Final[tuple[str, ...]] = get_args(Form)
_FORMS: Final[Mapping[tuple[str, str], Form]] = {
    ("datakit_iac", "Table"): "table",
    ("datakit_iac", "RecordBatchReader"): "reader",
    ("pyarrow", "Table"): "table",
    ("pyarrow", "RecordBatchReader"): "reader",
    ("pandas", "DataFrame"): "pandas",
    ("polars", "DataFrame"): "polars",
    ("polars", "LazyFrame"): "polars-lazy",
    ("duckdb", "DuckDBPyRelation"): "duckdb",
    ("_duckdb", "DuckDBPyRelation"): "duckdb",
}
EXPECTED: Final = (
    "pyarrow.Table, pyarrow.RecordBatchReader, pandas.DataFrame, polars.DataFrame, polars.LazyFrame or"
    " duckdb.DuckDBPyRelation"
)


def form(function: Callable[..., Any], parameter: str) -> Form:
    """The form of an input; an Arrow table where nothing is annotated.

    Raises:
        TypeError: the annotation is none that is supported.
    """
    annotation = getattr(function, "__annotations__", {}).get(parameter)
    if annotation is None:
        return "table"
    name = _name(function, annotation) if isinstance(annotation, str) else _of_class(annotation)
    package, _, rest = name.partition(".")
    found = _FORMS.get((package, rest.rpartition(".")[2]))
    if found is None:
        raise TypeError(f"{parameter}: {shown(annotation)} is not a form of an input; expected {EXPECTED}")
    return found


def shown(annotation: Any) -> str:
    """An annotation as it is written."""
    if isinstance(annotation, str):
        return annotation
    return getattr(annotation, "__qualname__", None) or repr(annotation)


def _of_class(annotation: Any) -> str:
    return f"{getattr(annotation, '__module__', '')}.{getattr(annotation, '__qualname__', '')}"


def _name(function: Callable[..., Any], text: str) -> str:
    """The whole name of what a text means, e.g. ``pyarrow.Table`` of ``pa.Table``.

    The module may import it for type checkers alone, so that what the module has is asked first, and its text then.
    """
    first, _, rest = text.strip("\"' ").partition(".")
    there: Any = function.__globals__.get(first)
    if there is not None:
        for step in filter(None, rest.split(".")):
            there = getattr(there, step, None)
        return _of_class(there)
    imported = _imports(function.__code__.co_filename).get(first, first)
    return f"{imported}.{rest}" if rest else imported


@lru_cache(maxsize=64)
def _imports(file: str) -> dict[str, str]:
    """What the names stand for that a module imports anywhere."""
    found: dict[str, str] = {}
    try:
        tree = ast.parse(Path(file).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return found
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {each.asname or each.name.partition(".")[0]: each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {each.asname or each.name: f"{node.module}.{each.name}" for each in node.names}
    return found
