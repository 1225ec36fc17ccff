"""The tests of a dbt project as those of contracts (https://docs.getdbt.com/reference/data-tests)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

_PLAIN: Final = {"severity": "ERROR", "where": None, "limit": None, "warn_if": "!= 0", "error_if": "!= 0"}
"""The configuration of a test that fails where a single row fails, as a contract's does."""


class ColumnTest(NamedTuple):
    """A test of a column, as a contract writes it.

    Attributes:
        node: the ID of what is tested.
        column: the column.
        test: the test; a relationship has dbt's ID of the other node under ``to``.
    """

    node: str
    column: str
    test: Any


def column_tests(manifest: Mapping[str, Any]) -> tuple[list[ColumnTest], list[str]]:
    """The tests that a contract can have, and the names of those that are dbt's alone."""
    found, others = list[ColumnTest](), list[str]()
    for node in manifest["nodes"].values():
        if node["resource_type"] != "test":
            continue
        if test := next(_of(node), None):
            found.append(test)
        else:
            others.append(str(node["name"]))
    others += [str(each["name"]) for each in (manifest.get("unit_tests") or {}).values()]
    return found, sorted(others)


def _of(node: Mapping[str, Any]) -> Iterator[ColumnTest]:
    said, config = node.get("test_metadata") or {}, node.get("config") or {}
    column, arguments = node.get("column_name"), said.get("kwargs") or {}
    if not column or said.get("namespace") not in (None, "dbt"):
        return
    if any(config.get(name, value) not in (value, None) for name, value in _PLAIN.items()):
        return
    read = [*(node.get("depends_on") or {}).get("nodes", ())]
    tested = node.get("attached_node") or (read[0] if len(read) == 1 else None)
    if tested is None:
        return
    if said["name"] in ("unique", "not_null"):
        yield ColumnTest(tested, column, said["name"])
    elif said["name"] == "accepted_values" and arguments.get("values"):
        yield ColumnTest(tested, column, {"accepted_values": {"values": [*arguments["values"]]}})
    elif said["name"] == "relationships":
        # Within a model, it depends on that alone.
        other = next((each for each in read if each != tested), tested)
        yield ColumnTest(tested, column, {"relationships": {"to": other, "field": arguments.get("field")}})
