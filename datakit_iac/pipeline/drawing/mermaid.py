"""A drawing as a Mermaid flowchart, which GitHub and GitLab show in Markdown."""

from __future__ import annotations

from datakit_iac.pipeline.drawing.model import Drawing, Node


def mermaid(drawing: Drawing) -> str:
    """The lines of a flowchart: DataSets as cylinders, Transforms as boxes."""
    lines = ["flowchart LR"]
    lines += [f"  {_id(node)}{_shape(drawing, node)}" for node in drawing.nodes]
    lines += [f"  {_id(edge.start)} --> {_id(edge.end)}" for edge in drawing.edges]
    if None in drawing.datasets.values():
        lines.append("  classDef undeclared stroke:#c00,stroke-dasharray:4")
    return "\n".join(lines)


def _id(node: Node) -> str:
    """A name that Mermaid reads as one word: names have hyphens and no underscores, so nothing can collide."""
    return f"{node.kind}_{node.name.replace('-', '_')}"


def _shape(drawing: Drawing, node: Node) -> str:
    if node.kind == "dataset":
        if drawing.datasets[node.name] is None:
            return f'[("{node.name}<br/><i>not declared</i>")]:::undeclared'
        return f'[("{node.name}")]'
    return f'["{node.name}<br/><i>{drawing.transforms[node.name].spec.runtime}</i>"]'
