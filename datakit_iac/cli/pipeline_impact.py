"""Draw everything that depends on a DataSet, directly or through others: what a change of it can reach."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from datakit_iac.cli import exits, pipeline_drawing
from datakit_iac.cli.scope import add_path, scope


def configure(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("dataset", metavar="DATASET", help="a DataSet or DataSetGroup")
    add_path(parser)
    pipeline_drawing.add_output(parser)


def run(options: Namespace) -> int:
    """Read, select and draw."""
    read = pipeline_drawing.pipeline(scope(options.path))
    if read is None:
        return exits.FINDINGS
    from datakit_iac.pipeline.drawing import depending_on

    project, graph = read
    name = pipeline_drawing.known(project, options.dataset)
    drawing = depending_on(project, graph, name)
    if not drawing.transforms and options.output == "text":
        print(f"nothing depends on {name}")
    else:
        pipeline_drawing.show(drawing, options.output)
    return exits.FINE
