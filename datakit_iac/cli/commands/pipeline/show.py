"""Draw the graph of DataSets and Transforms.

As text, each Transform is between what it reads and what it writes; [1] beside a DataSet is the number of the
Transform that writes it. As JSON: {"nodes": [{"id", "type", …}], "edges": [{"from", "to"}], "order": [ids]}.

What could be read is drawn, whatever else is wrong; that is reported beside the picture, and `dk lint` is what fails.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

from datakit_iac.cli import exit_codes
from datakit_iac.cli.commands.pipeline import drawing as pipeline_drawing
from datakit_iac.cli.project_scope import add_path, scope


def configure(parser: ArgumentParser) -> None:
    add_path(parser)
    parser.add_argument(
        "--destination", metavar="DATASET|TRANSFORM", help="draw only what leads to this DataSet or Transform"
    )
    pipeline_drawing.add_output(parser)


def run(options: Namespace) -> int:
    found = pipeline_drawing.pipeline(scope(options.path))
    if found is None:
        return exit_codes.FINDINGS
    from datakit_iac.pipeline.drawing.model import leading_to, whole

    if options.destination is not None:
        try:
            ends = pipeline_drawing.nodes(found, options.destination)
        except exit_codes.UsageError as unknown:
            print(f"dk: {unknown}", file=sys.stderr)
            return exit_codes.FINDINGS
        drawing = leading_to(found.project, found.graph, *ends)
    else:
        drawing = whole(found.project, found.graph)
    pipeline_drawing.show(drawing, options.output)
    return exit_codes.FINE
