"""The example is the same pipeline in every environment: only its bindings differ."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from datakit_iac.checks.validate import validate
from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.contract.job import Job
from datakit_iac.environment.model import ResolvedProject
from datakit_iac.environment.resolve import resolve
from datakit_iac.environment.summary import described, differences
from datakit_iac.manifest.loading.loader import load

EXAMPLE = Path(__file__).parents[2] / "examples" / "flights"
NOWHERE = Connection("", {})


def example(environment: str) -> ResolvedProject:
    return resolve(load(EXAMPLE), environment, {})


def unbound(dataset: BoundDataSet) -> BoundDataSet:
    return replace(dataset, connection=NOWHERE)


def unbound_job(job: Job) -> Job:
    inputs, outputs = (tuple(map(unbound, each)) for each in (job.inputs, job.outputs))
    return replace(job, inputs=inputs, outputs=outputs, environment="")


@pytest.mark.parametrize("other", ["stage", "prod"])
def test_the_same_project_in_two_environments_differs_in_its_bindings_alone(other: str) -> None:
    dev, there = example("dev"), example(other)
    assert dev.stores["warehouse"].connection != there.stores["warehouse"].connection
    without = [
        {
            "connectors": each.connectors,
            "stores": {name: replace(store, connection=NOWHERE, secrets={}) for name, store in each.stores.items()},
            "datasets": {name: unbound(one.bound) for name, one in each.datasets.items()},
            "external": [name for name, one in each.datasets.items() if one.contract.external],
            "transforms": {name: replace(one, job=unbound_job(one.job)) for name, one in each.transforms.items()},
            "graph": each.graph,
        }
        for each in (dev, there)
    ]
    assert without[0] == without[1]


def test_what_is_described_differs_in_rules_and_in_the_bound_connection() -> None:
    found = differences(described(example("dev")), described(example("prod")))
    paths = {each.path for each in found if not each.path.startswith(("rules.", "versions."))}
    assert paths == {"stores.warehouse.connection.path"}


def test_an_environment_on_servers_differs_in_rules_and_stores_alone() -> None:
    found = differences(described(example("dev")), described(example("stage")))
    paths = {each.path for each in found if not each.path.startswith(("rules.", "versions."))}
    assert {"stores.warehouse.technology", "stores.nycflights.technology"} <= paths
    assert all(path.startswith("stores.") for path in paths)


@pytest.mark.parametrize("environment", ["dev", "stage", "prod"])
def test_the_example_is_right_everywhere(environment: str) -> None:
    found = validate(load(EXAMPLE), environment, {}, date(2026, 6, 1))[1]
    assert [str(each) for each in found if each.severity == "error"] == []
