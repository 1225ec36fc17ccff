"""What a generic job is given of its DataSets and of its run, as variables of its process."""

from __future__ import annotations

import json
from typing import Any

from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.contract.job import Job


def variables(job: Job) -> dict[str, str]:
    """`DK_RUN_IDENTITY` of what is a Run, and `DK_INPUT_…` and `DK_OUTPUT_…` for each DataSet, as JSON."""
    datasets = {
        f"DK_{side}_{each.name.replace('-', '_').upper()}": json.dumps(said(each), ensure_ascii=False)
        for side, several in (("INPUT", job.inputs), ("OUTPUT", job.outputs))
        for each in several
    }
    return {"DK_RUN_IDENTITY": job.identity, **datasets} if job.identity else datasets


def said(dataset: BoundDataSet) -> dict[str, Any]:
    """A DataSet as a job is given it: where it is, and its contract.

    >>> from datakit_iac.contract.connection import Connection
    >>> from datakit_iac.manifest.models.dataset import Place
    >>> said(BoundDataSet("users", "warehouse", Connection("duckdb"), Place(table="raw.users")))
    {'store': 'warehouse', 'kind': 'table', 'place': 'raw.users', 'format': None, 'schema': []}
    """
    place = dataset.place
    kind = "table" if place.table is not None else "topic" if place.topic is not None else "prefix"
    schema = [
        {
            "name": column.name,
            "type": str(column.type),
            "primaryKey": column.primary_key,
            "required": column.required,
        }
        for column in dataset.columns
    ]
    where = {"store": dataset.store, "kind": kind, "place": getattr(place, kind), "format": place.format}
    return {**where, "schema": schema}
