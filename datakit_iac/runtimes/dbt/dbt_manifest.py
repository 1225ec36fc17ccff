"""What dbt parsed, as the worker has it: read as a graph, and changed so that DataSets are where they are bound.

The worker loads this module from its file, so it imports nothing but the standard library and its neighbours.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

# Not by the package's name, which the worker does not import.
from .graph import BUILT, Graph, Node, Port
from .placement import Placement, place


def placed(manifest: Any, selected: frozenset[str], ports: dict[str, Any]) -> Placement:
    """Put the nodes of the job where its DataSets are bound.

    It is done in the manifest itself: whatever macros name schemas and aliases, whatever versions and packages there
    are, `ref`, `this` and the build go by what it says.
    """
    nodes = {uid: _node(node, ports) for uid, node in manifest.nodes.items()}
    read = {uid for node in nodes.values() for uid in node.reads}
    sources = {
        (each.database.lower(), each.schema.lower(), each.identifier.lower())
        for uid, each in manifest.sources.items()
        if uid in read
    }
    disabled = (_node(node, ports) for several in manifest.disabled.values() for node in several)
    graph = Graph(
        {uid: node for uid, node in nodes.items() if node.kind in (*BUILT, "test")},
        frozenset(sources),
        selected,
        tuple(node for node in disabled if node.kind in BUILT),
    )
    given = ([Port(**each) for each in ports[word]] for word in ("outputs", "inputs", "others"))
    found = place(graph, *given)
    if not found.faults:
        for uid, port in {**found.inputs, **found.outputs}.items():
            _move(manifest.nodes[uid], port)
        for uid, port in found.outputs.items():
            _begin(manifest.nodes[uid], port, graph.nodes[uid].header)
    return found


def building(manifest: Any, placement: Placement) -> dict[str, dict[str, Any]]:
    """What will be made, by the ID of its node: where, as what, and for which output."""
    made = {**{node.id: None for node in placement.strays}, **placement.outputs}
    return {
        uid: {
            "name": manifest.nodes[uid].name,
            "database": manifest.nodes[uid].database,
            "place": f"{manifest.nodes[uid].schema}.{manifest.nodes[uid].alias}",
            "kind": manifest.nodes[uid].config.materialized,
            "output": port.dataset if port else None,
        }
        for uid, port in made.items()
    }


def _node(node: Any, ports: dict[str, Any]) -> Node:
    own = node.package_name == ports["package"]
    kind = str(node.resource_type)
    return Node(
        id=node.unique_id,
        kind=kind,
        name=node.name,
        file=f"{ports['root']}/{node.original_file_path}" if own else f"package {node.package_name}",
        database=getattr(node, "database", None) or "",
        schema=getattr(node, "schema", None) or "",
        alias=getattr(node, "alias", None) or node.name,
        materialized=str(getattr(node.config, "materialized", "")),
        version="" if getattr(node, "version", None) is None else str(node.version),
        reads=tuple(getattr(getattr(node, "depends_on", None), "nodes", ())),
        text=getattr(node, "raw_code", None) or "",
        header=_header(node) if kind == "seed" else None,
    )


def _header(node: Any) -> tuple[str, ...]:
    file = Path(node.root_path or ".", node.original_file_path)
    with file.open(encoding="utf-8-sig", errors="replace", newline="") as text:
        return tuple(next(csv.reader(text, delimiter=node.config.delimiter or ","), ()))


def _move(node: Any, port: Port) -> None:
    quote = '"' if '"' in (node.relation_name or '"') else ""
    node.database, node.schema, node.alias = port.database, port.schema, port.identifier
    node.relation_name = ".".join(f"{quote}{part}{quote}" for part in (port.database, port.schema, port.identifier))


def _begin(node: Any, port: Port, header: tuple[str, ...] | None) -> None:
    """Make sure that the table which the DataSet made before dbt does not change what dbt does."""
    if port.empty and node.config.materialized == "incremental":
        # Nothing was built in it yet, so there is nothing to add to.
        node.config.full_refresh = True
    if header is not None:
        # dbt would fill what is there by position; recreated, its columns are the file's, their types the contract's.
        node.config.full_refresh = True
        types = {name.lower(): text for name, text in port.columns.items()}
        declared = {name: types[name.lower()] for name in header if name.lower() in types}
        node.config.column_types = {**declared, **(node.config.column_types or {})}
