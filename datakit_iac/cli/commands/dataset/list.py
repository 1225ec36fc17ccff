"""List the DataSets of a project, or of a part of it."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from datakit_iac.cli import listing
from datakit_iac.manifest.values.place_kinds import PLACES

if TYPE_CHECKING:
    from datakit_iac.manifest.models.dataset import DataSet
    from datakit_iac.manifest.project import Project


def configure(parser: ArgumentParser) -> None:
    listing.add_list(parser)


def run(options: Namespace) -> int:
    return listing.show_all(options, "datasets", _row, shown=_shown)


def _row(project: Project, dataset: DataSet) -> dict[str, Any]:
    spec = dataset.spec
    place = {word: getattr(spec, word) for word in (*PLACES, "format")}
    return {
        "name": dataset.name,
        "description": dataset.description,
        "store": spec.store,
        **place,
        "classification": spec.classification,
        "tier": dataset.tier,
        "owner": spec.owner,
        "columns": len(spec.columns),
        "pii": [column.name for column in spec.columns if column.pii],
    }


def _shown(row: listing.Row) -> dict[str, Any]:
    return {
        "NAME": row["name"],
        "STORE": row["store"],
        "PLACE": row["table"] or row["prefix"] or row["topic"],
        "FORMAT": row["format"],
        "COLUMNS": row["columns"] or None,
        "PII": len(row["pii"]) or None,
        "CLASSIFICATION": row["classification"],
        "TIER": row["tier"],
        "OWNER": row["owner"],
    }
