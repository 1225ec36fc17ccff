"""A drawing as JSON: one node or edge to a line, so that two of them can be compared."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from datakit_iac.pipeline.drawing import Drawing, Node


def as_json(drawing: Drawing) -> str:
    """``{"nodes": [{"id", "type", "name", …}], "edges": [{"from", "to"}], "order": [ids of Transforms]}``."""
    encode = json.JSONEncoder().encode
    parts = {
        "nodes": [encode(_node(drawing, node)) for node in drawing.nodes],
        # Names are of letters, digits and hyphens, so that there is nothing to escape.
        "edges": [f'{{"from": "{start}", "to": "{end}"}}' for start, end in _edges(drawing)],
        "order": [f'"transform/{name}"' for name in drawing.transforms],
    }
    return "{\n" + ",\n".join(f'  "{name}": {_lines(items)}' for name, items in parts.items()) + "\n}"


def _node(drawing: Drawing, node: Node) -> dict[str, Any]:
    told: dict[str, Any] = {"id": node.id, "type": node.kind, "name": node.name}
    if node.kind == "transform":
        spec = drawing.transforms[node.name].spec
        return told | {"runtime": spec.runtime, "mode": spec.mode, "trigger": spec.trigger.policy}
    dataset = drawing.datasets[node.name]
    if dataset is None:
        return told | {"declared": False}
    told |= {"declared": True, "store": dataset.spec.store}
    more = {"tier": dataset.tier, "classification": dataset.spec.classification, "version": dataset.spec.version}
    return told | {key: value for key, value in more.items() if value is not None}


def _edges(drawing: Drawing) -> Iterator[tuple[str, str]]:
    """The ids of `drawing.edges`, which are most of what there is to write."""
    for name in drawing.transforms:
        transform = f"transform/{name}"
        yield from ((f"dataset/{each}", transform) for each in drawing.reads[name])
        yield from ((transform, f"dataset/{each}") for each in drawing.writes[name])


def _lines(lines: Sequence[str]) -> str:
    return "[\n    " + ",\n    ".join(lines) + "\n  ]" if lines else "[]"
