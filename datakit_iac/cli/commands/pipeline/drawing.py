"""What `dk pipeline show` and `dk pipeline impact` have in common: reading the project, naming a DataSet, drawing."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from datakit_iac.cli.exit_codes import UsageError
from datakit_iac.cli.output.spinner import waiting
from datakit_iac.cli.output.terminal import paint
from datakit_iac.cli.project_scope import Scope
from datakit_iac.cli.reading import read

if TYPE_CHECKING:
    from datakit_iac.manifest.project import Project
    from datakit_iac.pipeline.drawing.model import Drawing, Node
    from datakit_iac.pipeline.graph import Graph

_OUTPUTS: Final = ("text", "mermaid", "json", "dot", "svg")
_KINDS: Final = {"": "DataSet or Transform", "dataset": "DataSet", "transform": "Transform"}
"""What a name on the command line may begin with, before a slash."""


def add_output(parser: ArgumentParser) -> None:
    """Add `--output`."""
    parser.add_argument("--output", choices=_OUTPUTS, default="text", help="how it is drawn (default: text)")


@dataclass(frozen=True, slots=True)
class Pipeline:
    """What can be drawn.

    Attributes:
        project: the manifests that could be read.
        graph: who reads and writes what.
    """

    project: Project
    graph: Graph


def pipeline(asked: Scope) -> Pipeline | None:
    """What could be read of a project, its findings reported on standard error; None where that is nothing."""
    from datakit_iac.cli.output.report import tell
    from datakit_iac.pipeline.graph import build

    with waiting("reading manifests"):
        project, findings = read(asked.root)
        graph, wrong = build(project)
    if findings or wrong:
        from datakit_iac.checks.tolerance import of_reading

        tell([*of_reading(project, findings), *wrong], sys.stderr)
    return Pipeline(project, graph) if project.datasets or project.transforms else None


def nodes(found: Pipeline, name: str) -> list[Node]:
    """What a name on the command line means: a DataSet, else the members of a group, else a Transform.

    A Transform that shares its name with a DataSet is meant by ``transform/NAME``, the identity JSON gives it.

    Raises:
        UsageError: there is nothing of that name.
    """
    from datakit_iac.findings.nearest import nearest
    from datakit_iac.pipeline.drawing.model import Node

    kind, _, plain = name.rpartition("/")
    if kind not in _KINDS:
        kind, plain = "", name
    datasets = {*found.project.datasets, *found.project.groups, *found.graph.datasets} if kind != "transform" else set()
    transforms = found.project.transforms if kind != "dataset" else {}
    if plain in datasets:
        return [Node("dataset", each) for each in found.project.members(plain)]
    if plain in transforms:
        return [Node("transform", plain)]
    raise UsageError(f"unknown {_KINDS[kind]} {plain!r}", nearest(plain, {*datasets, *transforms}))


def show(drawing: Drawing, output: str) -> None:
    """Print a drawing to standard output in one of the formats."""
    if output == "json":
        from datakit_iac.pipeline.drawing.json import as_json

        print(as_json(drawing))
    elif output == "mermaid":
        from datakit_iac.pipeline.drawing.mermaid import mermaid

        print(mermaid(drawing))
    elif output == "dot":
        from datakit_iac.pipeline.drawing.dot import dot

        print(dot(drawing))
    elif output == "svg":
        from datakit_iac.pipeline.drawing.svg import svg

        print(svg(drawing))
    else:
        from datakit_iac.pipeline.drawing.text import text

        painted = paint(sys.stdout)
        print(text(drawing, lambda name: painted(name, "bold")))
