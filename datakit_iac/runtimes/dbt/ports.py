"""What the worker must know of the DataSets of a job: where they are bound, and which tables exist there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet, DataSetReference
from datakit_iac.contract.job import Job
from datakit_iac.runtimes.dbt import profile
from datakit_iac.runtimes.dbt.project.dbt_project import DbtProject
from datakit_iac.technologies.sessions import sessions
from datakit_iac.technologies.technology import Session, StoreError, address, technology


def ports(job: Job, project: DbtProject, described: profile.Profile) -> dict[str, Any]:
    """What the worker must know of the job's DataSets to put its models where they are bound."""
    home = job.outputs[0].connection
    named = {each.name for each in (*job.inputs, *job.outputs)}
    stores = {each.store for each in (*job.inputs, *job.outputs) if each.connection == home}
    others = [each for each in job.context if each.store in stores and each.name not in named]
    counting = project.may_say("incremental")
    with sessions() as opened:
        live = [_live(each, opened, counting=counting) for each in job.outputs]
    return {
        "package": project.name,
        "root": str(project.root),
        "outputs": [{**_contract(each, described), **there} for each, there in zip(job.outputs, live, strict=True)],
        "inputs": [_contract(each, described) for each in job.inputs],
        "others": [_port(each, described) for each in others],
    }


def _port(dataset: BoundDataSet | DataSetReference, described: profile.Profile) -> dict[str, Any]:
    schema, identifier = profile.relation(dataset, described.default_schema)
    database = described.databases.get(dataset.store, described.database)
    return {"dataset": dataset.name, "database": database, "schema": schema, "identifier": identifier, "columns": {}}


def _contract(dataset: BoundDataSet, described: profile.Profile) -> dict[str, Any]:
    columns = {column.name: described.type_name(column.type) for column in dataset.columns}
    return {**_port(dataset, described), "columns": columns}


def _live(dataset: BoundDataSet, opened: Callable[[Connection], Session], *, counting: bool) -> dict[str, Any]:
    """How the name of the table that is there is spelled and, where that matters, whether it is empty."""
    if dataset.place.table is None:
        return {}
    found, name = technology(dataset.connection.technology), profile.split(dataset.place.table or "")[1]
    try:
        session = opened(dataset.connection)
        # dbt refuses to build a table beside one whose name differs in case only.
        places = (each for each in session.places(name) if found.address(each, dataset.connection) == address(dataset))
        spelled = next((profile.split(each.table or "")[1] for each in places), name)
        live = session.describe(dataset.place) if counting else None
        return {"identifier": spelled, "empty": live is not None and live.is_empty}
    except StoreError:
        return {}  # dbt will say so
