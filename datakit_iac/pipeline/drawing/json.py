"""A drawing as JSON: one node or edge to a line, so that two of them can be compared."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from datakit_iac.pipeline.drawing.model import Drawing

if TYPE_CHECKING:
    from datakit_iac.manifest.models.dataset import DataSet
    from datakit_iac.manifest.models.transform import Transform


def as_json(drawing: Drawing) -> str:
    """``{"nodes": [{"id", "type", "name", …}], "edges": [{"from", "to"}], "order": [ids of Transforms]}``."""
    encode = json.JSONEncoder().encode
    parts = {
        "nodes": [
            *(encode(_dataset(name, dataset)) for name, dataset in drawing.datasets.items()),
            *(encode(_transform(name, transform)) for name, transform in drawing.transforms.items()),
        ],
        # Names are of letters, digits and hyphens, so that there is nothing to escape.
        "edges": [f'{{"from": "{start}", "to": "{end}"}}' for start, end in _edges(drawing)],
        "order": [f'"transform/{name}"' for name in drawing.transforms],
    }
    return "{\n" + ",\n".join(f'  "{name}": {_lines(items)}' for name, items in parts.items()) + "\n}"


def _dataset(name: str, dataset: DataSet | None) -> dict[str, Any]:
    entry: dict[str, Any] = {"id": f"dataset/{name}", "type": "dataset", "name": name, "declared": dataset is not None}
    if dataset is not None:
        spec = dataset.spec
        entry["store"] = spec.store
        more = (("tier", dataset.tier), ("classification", spec.classification), ("version", dataset.version))
        entry.update((key, value) for key, value in more if value is not None)
    return entry


def _transform(name: str, transform: Transform) -> dict[str, Any]:
    spec = transform.spec
    entry = {"runtime": spec.runtime, "mode": spec.mode, "trigger": spec.trigger.policy}
    return {"id": f"transform/{name}", "type": "transform", "name": name, **entry}


def _edges(drawing: Drawing) -> Iterator[tuple[str, str]]:
    """The ids of `drawing.edges`, which are most of what there is to write."""
    for name in drawing.transforms:
        transform = f"transform/{name}"
        yield from ((f"dataset/{each}", transform) for each in drawing.reads[name])
        yield from ((transform, f"dataset/{each}") for each in drawing.writes[name])


def _lines(lines: Sequence[str]) -> str:
    return "[\n    " + ",\n    ".join(lines) + "\n  ]" if lines else "[]"
