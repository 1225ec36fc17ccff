"""Show rows of a DataSet as an environment has it: a table, files, objects or messages.

Columns that the contract calls personal data are masked. Nothing is changed: `--where` is one expression over the
columns, in the SQL of the Store, or in DuckDB's where it knows none. Of a topic, only the newest messages are read.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from typing import TYPE_CHECKING

from datakit_iac.cli import dataset_rows, environments, exit_codes, listing
from datakit_iac.cli.output.spinner import waiting
from datakit_iac.cli.project_scope import scope
from datakit_iac.findings.visible import visible

if TYPE_CHECKING:
    from datakit_iac.technologies.looking import Sample


def configure(parser: ArgumentParser) -> None:
    dataset_rows.configure(parser)
    parser.add_argument("--limit", type=_limit, default=20, metavar="N", help="how many rows, at most (default: 20)")
    parser.add_argument(
        "--where", default="", metavar="CONDITION", help='only rows for which it is true, e.g. "amount > 100"'
    )


def run(options: Namespace) -> int:
    project = environments.readable(scope(options.path).root)
    if project is None:
        return exit_codes.FINDINGS
    with dataset_rows.opened(project, options) as (dataset, session), waiting(f"reading {dataset.name}"):
        found = session.sample(dataset, limit=options.limit, where=options.where, show_pii=options.show_pii)
    if options.output == "json":
        print(json.dumps(_document(options, found), indent=2, ensure_ascii=False))
        return exit_codes.FINE
    if found.rows:
        names = list(map(visible, found.columns))
        rows = [dict(zip(names, map(dataset_rows.in_a_cell, row), strict=True)) for row in found.rows]
        print("\n".join(listing.table(rows)))
    else:
        print(f"no rows in {options.name}" + (f" for which {options.where}" if options.where else ""), file=sys.stderr)
    for note in found.notes:
        print(f"note: {visible(note)}", file=sys.stderr)
    if found.masked:
        masked = visible(", ".join(found.masked))
        print(f"note: masked as personal data: {masked} (--show-pii shows it)", file=sys.stderr)
    return exit_codes.FINE


def _document(options: Namespace, found: Sample) -> dict[str, object]:
    rows = [dict(zip(found.columns, map(dataset_rows.as_json, row), strict=True)) for row in found.rows]
    return {
        "dataset": options.name,
        "environment": options.env,
        "columns": list(found.columns),
        "rows": rows,
        "masked": list(found.masked),
        "notes": list(found.notes),
    }


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text)):
        raise ArgumentTypeError(f"{text!r} is not a number of rows; expected 1 or more")
    return int(text)
