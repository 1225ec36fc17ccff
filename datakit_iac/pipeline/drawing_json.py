"""A drawing as JSON: one node or edge to a line, so that two of them can be compared."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from datakit_iac.pipeline.drawing import Drawing, Node


def as_json(drawing: Drawing) -> str:
    """``{"nodes": [{"id", "type", "name", …}], "edges": [{"from", "to"}], "order": [ids of Transforms]}``."""
    parts = {
        "nodes": (_node(drawing, node) for node in drawing.nodes),
        "edges": ({"from": edge.start.id, "to": edge.end.id} for edge in drawing.edges),
        "order": (Node("transform", name).id for name in drawing.transforms),
    }
    return "{\n" + ",\n".join(f'  "{name}": {_lines(items)}' for name, items in parts.items()) + "\n}"


def _node(drawing: Drawing, node: Node) -> dict[str, Any]:
    told: dict[str, Any] = {"id": node.id, "type": node.kind, "name": node.name}
    if node.kind == "dataset":
        dataset = drawing.datasets[node.name]
        told |= {"store": dataset.spec.store, "tier": dataset.tier, "classification": dataset.spec.classification}
    else:
        spec = drawing.transforms[node.name].spec
        told |= {"runtime": spec.runtime, "mode": spec.mode, "trigger": spec.trigger.policy}
    return {key: value for key, value in told.items() if value is not None}


def _lines(items: Iterable[object]) -> str:
    lines = ",\n".join(f"    {json.dumps(item)}" for item in items)
    return f"[\n{lines}\n  ]" if lines else "[]"
