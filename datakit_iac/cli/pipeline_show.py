"""Draw DataSets and Transforms, and what leads where.

As text, each Transform stands between what it reads and what it writes; [1] beside a DataSet is the number of the
Transform that writes it. As JSON: {"nodes": [{"id", "type", …}], "edges": [{"from", "to"}], "order": [ids]}.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from datakit_iac.cli import exits, pipeline_drawing
from datakit_iac.cli.scope import add_path, scope


def configure(parser: ArgumentParser) -> None:
    """Add the arguments."""
    add_path(parser)
    parser.add_argument("--destination", metavar="DATASET", help="draw only what leads to this DataSet")
    pipeline_drawing.add_output(parser)


def run(options: Namespace) -> int:
    """Read, select and draw."""
    read = pipeline_drawing.pipeline(scope(options.path))
    if read is None:
        return exits.FINDINGS
    from datakit_iac.pipeline.drawing import leading_to, whole

    project, graph = read
    if options.destination is not None:
        drawing = leading_to(project, graph, pipeline_drawing.known(project, options.destination))
    else:
        drawing = whole(project, graph)
    pipeline_drawing.show(drawing, options.output)
    return exits.FINE
