"""Print the JSON Schema (2020-12) of one kind of manifest, or one for all kinds.

An editor with the YAML language server completes and checks a manifest whose first line is
`# yaml-language-server: $schema=datakit.schema.json`, after `dk schema > datakit.schema.json`.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace

from datakit_iac.cli import exit_codes


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("kind", nargs="?", metavar="KIND", help="e.g. DataSet (default: all kinds in one schema)")


def run(options: Namespace) -> int:
    from datakit_iac.manifest.json_schema import schema, schema_of_all

    document = schema(_kind(options.kind)) if options.kind else schema_of_all()
    print(json.dumps(document, indent=2))
    return exit_codes.FINE


def _kind(text: str) -> str:
    """The kind that is meant, whatever the case of its letters."""
    from datakit_iac.findings.nearest import nearest
    from datakit_iac.manifest.models.kinds import KINDS

    for kind in KINDS:
        if kind.lower() == text.lower():
            return kind
    raise exit_codes.UsageError(f"unknown kind {text!r}", nearest(text, KINDS))
