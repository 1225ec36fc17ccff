"""Ready connections to the Stores of a project, in a job and in a notebook alike: ``stores.get("warehouse")``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from datakit_iac.contract.connection import Connection

ENVIRONMENT: Final = "DATAKIT_ENV"
"""The variable that names the environment, where the caller does not."""


def get(name: str, *, environment: str | None = None, project: str | os.PathLike[str] = ".") -> Any:
    """What the driver of a Store's technology gives for it.

    For DuckDB and Postgres a connection, for files the folder, for S3 a `Bucket` with a client, for Kafka a `Cluster`.

    In a job it is the Store that the job was given. Elsewhere the project is read and bound as `dk` does.

    Args:
        name: the Store's name.
        environment: where there is no job: an Environment's name; `DATAKIT_ENV` or ``dev`` where it is None.
        project: where there is no job: the folder of the manifests.

    Raises:
        StoreError: there is no such Store, its driver is not installed, or it cannot be reached.
    """
    from datakit_iac.runtimes.store_variables import variable
    from datakit_iac.technologies.roles import role
    from datakit_iac.technologies.technology import technology
    from datakit_iac.technologies.technology_roles import Connects

    kind, dsn = (os.environ.get(variable(what, name)) for what in ("TYPE", "DSN"))
    if kind and dsn:
        return role(technology(kind), Connects, kind).connect(dsn)
    connection = _bound(name, environment or os.environ.get(ENVIRONMENT, "dev"), Path(project))
    opens = role(technology(connection.technology), Connects, connection.technology)
    return opens.connect(opens.dsn(connection))


def _bound(name: str, environment: str, root: Path) -> Connection:
    from datakit_iac.cli.environments import resolved
    from datakit_iac.cli.exit_codes import UsageError
    from datakit_iac.cli.lookup import known
    from datakit_iac.cli.secrets import reached
    from datakit_iac.findings.finding import InvalidProjectError
    from datakit_iac.manifest.loading.loader import load
    from datakit_iac.technologies.technology import StoreError

    try:
        found = resolved(load(root), environment)
        return reached(known("Store", name, found.stores), root, environment)
    except (UsageError, InvalidProjectError) as fault:
        raise StoreError(str(fault)) from fault
