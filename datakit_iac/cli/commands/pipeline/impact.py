"""Draw everything that depends on a DataSet or Transform, directly or through others: what a change of it can reach.

Where a DataSet and a Transform share a name, the DataSet is meant; the Transform is transform/NAME.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from datakit_iac.cli import exit_codes
from datakit_iac.cli.commands.pipeline import drawing as pipeline_drawing
from datakit_iac.cli.project_scope import add_path, scope


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("name", metavar="DATASET|TRANSFORM", help="a DataSet, DataSetGroup or Transform")
    add_path(parser)
    pipeline_drawing.add_output(parser)


def run(options: Namespace) -> int:
    found = pipeline_drawing.pipeline(scope(options.path))
    if found is None:
        return exit_codes.FINDINGS
    from datakit_iac.pipeline.drawing.model import depending_on

    starts = pipeline_drawing.nodes(found, options.name)
    drawing = depending_on(found.project, found.graph, *starts)
    if not set(drawing.nodes) - set(starts) and options.output == "text":
        print(f"nothing depends on {options.name}")
    else:
        pipeline_drawing.show(drawing, options.output)
    return exit_codes.FINE
