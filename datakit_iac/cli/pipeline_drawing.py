"""What `dk pipeline show` and `dk pipeline impact` have in common: reading the project, naming a DataSet, drawing."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import TYPE_CHECKING, Final

from datakit_iac.cli.exits import UsageError
from datakit_iac.cli.scope import Scope
from datakit_iac.cli.terminal import paint

if TYPE_CHECKING:
    from datakit_iac.manifest.project import Project
    from datakit_iac.pipeline.drawing import Drawing
    from datakit_iac.pipeline.graph import Graph

_OUTPUTS: Final = ("text", "mermaid", "json", "dot")


def add_output(parser: ArgumentParser) -> None:
    """Add `--output`."""
    parser.add_argument("--output", choices=_OUTPUTS, default="text", help="how it is drawn (default: text)")


def pipeline(asked: Scope) -> tuple[Project, Graph] | None:
    """A project and its graph; None where it has errors, which have then been told on standard error.

    A picture that leaves out what is broken would not be the truth, so with errors there is none.
    """
    from datakit_iac.cli.reporting import tell
    from datakit_iac.manifest.load import read
    from datakit_iac.pipeline.graph import build

    project, findings = read(asked.root)
    graph, wrong = build(project)
    if findings or wrong:
        tell([*findings, *wrong], sys.stderr)
    is_right = not any(found.severity == "error" for found in (*findings, *wrong))
    return (project, graph) if is_right else None


def known(project: Project, name: str) -> str:
    """The name of a DataSet or DataSetGroup, if there is one of that name.

    Raises:
        UsageError: there is none.
    """
    from datakit_iac.manifest.finding import nearest

    names = {*project.datasets, *project.groups}
    if name in names:
        return name
    if name in project.transforms:
        transform = project.transforms[name].spec
        hint = f"{name} is a Transform; it writes {', '.join(port.dataset for port in transform.outputs)}"
    else:
        hint = nearest(name, names)
    raise UsageError(f"there is no DataSet {name!r} here", hint)


def show(drawing: Drawing, output: str) -> None:
    """Print a drawing to standard output in one of the formats."""
    if output == "json":
        from datakit_iac.pipeline.drawing_json import as_json

        print(as_json(drawing))
    elif output == "mermaid":
        from datakit_iac.pipeline.drawing_mermaid import mermaid

        print(mermaid(drawing))
    elif output == "dot":
        from datakit_iac.pipeline.drawing_dot import dot

        print(dot(drawing))
    else:
        from datakit_iac.pipeline.drawing_text import text

        painted = paint(sys.stdout)
        print(text(drawing, lambda name: painted(name, "bold")))
