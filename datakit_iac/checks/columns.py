"""References to columns of a DataSet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datakit_iac.findings.finding import Finding
from datakit_iac.findings.location import Step
from datakit_iac.findings.nearest import nearest
from datakit_iac.findings.origin import Origin

if TYPE_CHECKING:  # a kind's model is imported when a manifest of it is read
    from datakit_iac.manifest.models.dataset import DataSet


def unknown_column(origin: Origin, dataset: DataSet, name: str, path: tuple[Step, ...]) -> Finding:
    """That a DataSet has no such column; it is reported where the column is named."""
    names = [column.name for column in dataset.spec.columns]
    message = f"DataSet {dataset.name} has no column {name!r}"
    return origin.finding("unknown-column", message, path, hint=nearest(name, names))
