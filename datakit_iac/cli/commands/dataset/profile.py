"""Show what the columns of a DataSet are like: values that are missing, different ones, ranges, lengths.

It is counted where the rows are, where the Store can do that. Of columns that the contract calls personal data no value
is shown.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from datakit_iac.cli import dataset_rows, environments, exit_codes, listing
from datakit_iac.cli.output.spinner import waiting
from datakit_iac.cli.project_scope import scope
from datakit_iac.findings.visible import visible

if TYPE_CHECKING:
    from datakit_iac.technologies.looking import ColumnProfile


def configure(parser: ArgumentParser) -> None:
    dataset_rows.configure(parser)


def run(options: Namespace) -> int:
    project = environments.readable(scope(options.path).root)
    if project is None:
        return exit_codes.FINDINGS
    with dataset_rows.opened(project, options) as (dataset, session), waiting(f"reading {dataset.name}"):
        found = session.profile(dataset, show_pii=options.show_pii)
    if options.output == "json":
        document = {
            "dataset": options.name,
            "environment": options.env,
            "rows": found.rows,
            "columns": [_document(each) for each in found.columns],
            "notes": list(found.notes),
        }
        print(json.dumps(document, indent=2, ensure_ascii=False))
        return exit_codes.FINE
    print(f"{found.rows:,} row{'s' if found.rows != 1 else ''}")
    if found.columns:
        print("\n".join(listing.table([_shown(each, found.rows) for each in found.columns])))
    for note in found.notes:
        print(f"note: {visible(note)}", file=sys.stderr)
    return exit_codes.FINE


def _document(column: ColumnProfile) -> dict[str, Any]:
    return {
        "name": column.name,
        "type": str(column.type),
        "nulls": column.nulls,
        "distinct": column.distinct,
        "min": dataset_rows.as_json(column.smallest),
        "max": dataset_rows.as_json(column.largest),
        "minLength": column.shortest,
        "maxLength": column.longest,
        "masked": column.is_masked,
    }


def _shown(column: ColumnProfile, rows: int) -> dict[str, Any]:
    share = f"{column.nulls:,} ({column.nulls / rows:.1%})" if column.nulls else "0"
    has_range, has_length = column.smallest is not None, column.shortest is not None
    length = f"{column.shortest}" if column.shortest == column.longest else f"{column.shortest}–{column.longest}"
    return {
        "COLUMN": column.name,
        "TYPE": str(column.type),
        "NULLS": share,
        "DISTINCT": f"{column.distinct:,}",
        "MIN": dataset_rows.in_a_cell(column.smallest) if has_range else "",
        "MAX": dataset_rows.in_a_cell(column.largest) if has_range else "",
        "LENGTH": length if has_length else "",
        "PII": "masked" if column.is_masked else "",
    }
