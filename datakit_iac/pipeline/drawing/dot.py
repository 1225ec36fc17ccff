"""A drawing in the language of Graphviz."""

from __future__ import annotations

from datakit_iac.pipeline.drawing.model import Drawing, Node


def dot(drawing: Drawing) -> str:
    """A directed graph from left to right: DataSets as cylinders, dashed where not declared, Transforms as boxes."""
    lines = ["digraph pipeline {", "  rankdir=LR;", '  node [fontname="Helvetica"];']
    # Names are of letters, digits and hyphens, so that there is nothing to escape.
    lines += [f'  "{node.id}" [{_shape(drawing, node)}];' for node in drawing.nodes]
    lines += [f'  "{edge.start.id}" -> "{edge.end.id}";' for edge in drawing.edges]
    return "\n".join([*lines, "}"])


def _shape(drawing: Drawing, node: Node) -> str:
    if node.kind == "dataset":
        if drawing.datasets[node.name] is None:
            return f'label="{node.name}\\nnot declared", shape=cylinder, style=dashed, color=red'
        return f'label="{node.name}", shape=cylinder'
    return f'label="{node.name}\\n{drawing.transforms[node.name].spec.runtime}", shape=box, style=rounded'
