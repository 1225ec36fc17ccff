"""Which node of a dbt project is which DataSet, so that it is built and read where the DataSet is bound.

The worker loads this module from its file, so it imports nothing but the standard library and `graph`. It asks no
database: what dbt parsed and what the job says is all it knows.

A node is an output's if it is selected and, in this order: dbt would build it at the output's place already; its alias
is the table's name; its own name is the table's name; its name or alias is the DataSet's, `-` written as `_`. The case
of letters is not a difference. An input that another Transform of the project makes is found in the same way, but only
by its place where a model reads it as a source.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

# Not by the package's name, which the worker does not import.
from .graph import BUILT, Graph, Node, Port, is_only_mentioned


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the nodes of a job belong.

    Attributes:
        outputs: the output that a selected node makes, by the node's ID.
        inputs: the input that a node is which is not selected, by the node's ID.
        strays: selected nodes that make what is not an output.
        faults: why it cannot be built so, each one sentence.
    """

    outputs: Mapping[str, Port] = field(default_factory=dict)
    inputs: Mapping[str, Port] = field(default_factory=dict)
    strays: tuple[Node, ...] = ()
    faults: tuple[str, ...] = ()


def place(graph: Graph, outputs: Iterable[Port], inputs: Iterable[Port], others: Iterable[Port] = ()) -> Placement:
    """Find the node of each output and of each input that is read by `ref`.

    Args:
        graph: what dbt parsed.
        outputs: the DataSets written.
        inputs: the DataSets read.
        others: further DataSets that the project knows.
    """
    written, read, faults = [*outputs], [*inputs], list[str]()
    made = _made(graph, written, faults)
    strays = tuple(node for node in graph.built if node.id not in made and node.materialized != "ephemeral")
    faults += _clashes(graph, made, strays, [*read, *others])
    faults += [fault for uid, port in made.items() for fault in _missing(graph.nodes[uid], port)]
    found: dict[str, Port] = {}
    for node in [graph.nodes[uid] for uid in graph.nodes if uid in graph.selected]:
        for other in _read(graph, node):
            if other.id not in found and (fault := _bind(graph, node, other, read, found)):
                faults.append(fault)
    return Placement(made, found, strays, tuple(dict.fromkeys(faults)))


# Outputs.


def _made(graph: Graph, outputs: list[Port], faults: list[str]) -> dict[str, Port]:
    here = {node.key: node for node in graph.built}
    certain = {port.dataset: [node] for port in outputs if (node := here.get(port.key))}
    taken = {node.id for nodes in certain.values() for node in nodes}
    free = [node for node in graph.built if node.id not in taken]
    by_table = {port.dataset: certain.get(port.dataset) or _by_table(port, free) for port in outputs}
    made: dict[str, Port] = {}
    for port in outputs:
        # A model whose table another output has is not this one's, whatever its name.
        others = {nodes[0].id for name, nodes in by_table.items() if name != port.dataset and len(nodes) == 1}
        found = certain.get(port.dataset) or _alike(port, free, others)
        if fault := _fault(graph, port, found, outputs):
            faults.append(fault)
        elif (first := made.setdefault(found[0].id, port)) is not port:
            fix = "name each DataSet, or its table, after the model that makes it"
            faults.append(f"{first} and {port} would both be {found[0]}; {fix}")
    return made


def _by_table(port: Port, nodes: list[Node]) -> list[Node]:
    identifier = port.identifier.lower()
    by_alias = [node for node in nodes if node.alias.lower() == identifier]
    return by_alias or [node for node in nodes if identifier in node.names]


def _alike(port: Port, nodes: list[Node], others: Container[str] = ()) -> list[Node]:
    """The nodes that may be meant by a DataSet, judged by names; several where those do not agree."""
    by_table = _by_table(port, nodes)
    by_dataset = [node for node in nodes if port.model in node.names]
    if both := [node for node in by_table if node in by_dataset]:
        return both
    return by_table + [node for node in by_dataset if not by_table or node.id not in others]


def _fault(graph: Graph, port: Port, found: list[Node], outputs: list[Port]) -> str:
    if not found:
        return f"no selected model makes {port}: {_hint(graph, port)}"
    if len(found) > 1:
        several = " or ".join(f"{node}, which dbt builds as {node.relation}" for node in found)
        return f"{port} may be {several}; name the DataSet after its model, or give that the alias {port.identifier}"
    node = found[0]
    if node.materialized == "ephemeral":
        return f"{port} is {node}, which is ephemeral, so dbt builds nothing; materialize it as a table or a view"
    crossed = [other for other in outputs if other is not port and other.model in node.names]
    if crossed and any(port.model in other.names for other in graph.built if other is not node):
        return (
            f"{port} is where dbt builds {node}, which has the name of {crossed[0]}; "
            "bind each to a table with the name of its model"
        )
    return ""


def _hint(graph: Graph, port: Port) -> str:
    if found := _alike(port, graph.others):
        return (
            f"{found[0]} has that name, but is not selected; add it to `select`, or take the DataSet out of `outputs`"
        )
    if found := _alike(port, list(graph.disabled)):
        return f"{found[0]} has that name, but is disabled; enable it, or take the DataSet out of `outputs`"
    selected = ", ".join(f"{node.name} (dbt builds {node.relation})" for node in graph.built[:5]) or "none"
    more = f" and {len(graph.built) - 5} more" if len(graph.built) > 5 else ""
    return f"give its model the name or the alias {port.identifier}; selected are {selected}{more}"


def _clashes(graph: Graph, made: Mapping[str, Port], strays: Iterable[Node], others: list[Port]) -> Iterator[str]:
    """What would be built over something else."""
    places = {port.key: (graph.nodes[uid], str(port)) for uid, port in made.items()}
    kept = {port.key: port for port in others}
    for node in strays:
        if (other := places.setdefault(node.key, (node, node.relation)))[0] is not node:
            where = f"{other[0]} is, {other[1]}"
            yield f"{node}, which is not an output, would be built where {where}; give it another alias or schema"
        elif node.key in kept:
            yield (
                f"{node} would be built over {kept[node.key]}, which is not an output; "
                "add it to `outputs`, or leave the model out of `select`"
            )


def _missing(node: Node, port: Port) -> Iterator[str]:
    if node.header is not None:
        there = {name.lower() for name in node.header}
        if lacking := [name for name in port.columns if name.lower() not in there]:
            yield f"{node} has no column {', '.join(lacking)}, which {port} declares; the columns must be the same"


# What is read.


def _read(graph: Graph, node: Node) -> Iterator[Node]:
    """What a node reads of what is not built with it; an ephemeral model is part of those that read it."""
    waiting, seen = [node], {node.id}
    while waiting:
        reader = waiting.pop()
        for uid in reader.reads:
            other = graph.nodes.get(uid)
            if other is None or uid in seen or is_only_mentioned(reader, other):
                continue
            seen.add(uid)
            if other.materialized == "ephemeral":
                waiting.append(other)
            elif uid not in graph.selected and other.kind in BUILT:
                yield other


def _bind(graph: Graph, reader: Node, node: Node, inputs: list[Port], found: dict[str, Port]) -> str:
    """Find the input that a node is; what is wrong if there is none."""
    ref = f"{reader} reads ref('{node.name}')"
    exact = [port for port in inputs if port.key == node.key]
    taken = {each.key for each in graph.nodes.values() if each.kind in BUILT}
    free = [port for port in inputs if port.key not in taken and _alike(port, [node])]
    alike = exact or [port for port in free if port.key not in graph.sources]
    if len(alike) == 1:
        if not exact and (other := _namesake(graph, alike[0], node)):
            return f"{ref}, which may be {alike[0]}, but that has the name of {other}; name the DataSet after its model"
        found[node.id] = alike[0]
        return ""
    if alike:
        return f"{ref}, which may be {' or '.join(map(str, alike))}; name the DataSet after its model"
    if free:
        return (
            f"{ref}, which dbt looks for in {node.relation}, but {free[0]} is elsewhere and is read as a source; "
            f"read it by source() here too, or have dbt build {node.name} there"
        )
    name = node.name.replace("_", "-")
    return (
        f"{ref}, which is built elsewhere and is not an input; add DataSet {name} to `inputs`, or select the model too"
    )


def _namesake(graph: Graph, port: Port, node: Node) -> Node | None:
    """Another node with the DataSet's name, where the node itself has not got it."""
    if port.model in node.names:
        return None
    return next((each for each in (*graph.built, *graph.others) if port.model in each.names), None)
