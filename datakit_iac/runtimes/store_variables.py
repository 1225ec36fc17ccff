"""How a job knows the Stores that it works on: by two variables for each, `DK_STORE_TYPE_…` and `DK_STORE_DSN_…`."""

from __future__ import annotations

from dataclasses import replace

from datakit_iac.contract.job import Job
from datakit_iac.executors.workload import Workload
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.technologies.technology import technology
from datakit_iac.technologies.technology_roles import Connects


def variable(what: str, store: str) -> str:
    """The name of a variable.

    >>> variable("DSN", "snowflake-raw")
    'DK_STORE_DSN_SNOWFLAKE_RAW'
    """
    return f"DK_STORE_{what}_{store.replace('-', '_').upper()}"


def given(workload: Workload, job: Job) -> Workload:
    """The workload with the variables of the Stores of its job's DataSets; those that it declares itself come first.

    A Store with secrets has a secret address. A technology whose Stores have no address gives their type alone.
    """
    plain: dict[str, str] = {}
    secret: dict[str, Secret] = {}
    stores = {each.store: each.connection for each in (*job.inputs, *job.outputs) if each.store}
    for store, connection in stores.items():
        found = technology(connection.technology)
        plain[variable("TYPE", store)] = found.name
        if not isinstance(found, Connects):
            continue
        address = found.dsn(connection)
        if connection.secrets:
            secret[variable("DSN", store)] = Secret(address)
        else:
            plain[variable("DSN", store)] = address
    return replace(workload, env={**plain, **workload.env}, secret_env={**secret, **workload.secret_env})
