"""Dbt's own manifest of a project (https://schemas.getdbt.com/dbt/manifest), parsed and not built."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet, DataSetReference
from datakit_iac.executors.lines import Lines
from datakit_iac.executors.local.processes import LocalProcesses
from datakit_iac.executors.workload import FOLDER, Workload
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.manifest.redaction import Redaction
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.runtimes.dbt import profile, results, settings, workspace
from datakit_iac.runtimes.dbt.events import Events
from datakit_iac.runtimes.dbt.project import fetching
from datakit_iac.runtimes.dbt.project.configuration import ProjectError
from datakit_iac.runtimes.dbt.project.dbt_project import DbtProject
from datakit_iac.runtimes.job import JobFailedError

_WORKER: Final = Path(__file__).with_name("worker.py")
_OPTIONS: Final = ("--quiet", "--log-level-file", "none", "--no-use-colors", "--no-send-anonymous-usage-stats")


@dataclass(frozen=True, slots=True)
class Parsed:
    """What dbt says of a project.

    Attributes:
        manifest: its manifest.json.
        selected: the IDs of what would be built and tested.
        database: dbt's name of the Store's own database.
        default_schema: the schema of a table whose name says none.
    """

    manifest: Mapping[str, Any]
    selected: frozenset[str]
    database: str
    default_schema: str


def parse(
    project: DbtProject,
    store: str,
    connection: Connection,
    known: Sequence[DataSetReference] = (),
    *,
    schema: str = "",
    select: Mapping[str, Sequence[str]] | None = None,
    variables: Mapping[str, str] | None = None,
    environment: str = profile.NAME,
) -> Parsed:
    """Have dbt parse a copy of a project, as a Run would; the project's folder is not written to.

    Args:
        project: the project.
        store: the name of the Store that it is built in.
        connection: how that is reached.
        known: the DataSets that models may read as ``source('<store>', '<dataset>')``.
        schema: the schema that models are built in which name none; empty for the technology's own.
        select: dbt's selectors, under ``select`` and ``exclude``.
        variables: what `env_var()` sees.
        environment: what `target.name` gives.

    Raises:
        ProjectError: dbt cannot read it, or packages are missing.
    """
    if wrong := [*fetching.faults(project), *fetching.unseen(project)]:
        raise ProjectError(wrong[0])
    adapter = profile.adapters()[connection.technology]
    schema = schema or adapter.default_schema
    home = BoundDataSet("import", store, connection, Place(table=f"{schema}.import"))
    described = adapter.profile(home, schema, [])
    target = {"target": environment, "outputs": {environment: dict(described.target)}}
    seen = {name: Secret(value) for name, value in (variables or {}).items()}
    with tempfile.TemporaryDirectory(prefix="datakit-dbt-") as folder:
        copy = Path(folder, "project")
        workspace.build(project, copy, workspace.sources(project, known, described))
        options = [
            "--project-dir", str(copy), "--profiles-dir", FOLDER, "--profile", profile.NAME, "--target", environment,
            "--target-path", f"{folder}/target", "--log-path", f"{folder}/target", *_OPTIONS,
        ]  # fmt: skip
        workload = Workload(
            [sys.executable, "-P", str(_WORKER), "", "parse", *settings.selectors(select or {}), "--", *options],
            secret_env={**described.env, **seen},
            files={
                "profiles.yml": json.dumps({profile.NAME: target}),
                "request.json": json.dumps({"names": [*described.env, *seen]}),
            },
            name="import-dbt",
        )
        events, hide = Events(), Redaction([each.reveal() for each in (*described.env.values(), *seen.values())])
        execution = LocalProcesses(Path(folder)).start(workload)
        try:
            lines = Lines(execution)
            for line in lines:
                events.take(line)
            error, folders = events.reply(lines.exit_code)
        except JobFailedError as fault:
            raise ProjectError(hide("\n".join([str(fault), *fault.lines]))) from None
        finally:
            execution.cancel()
        if error:
            failure = results.parse_failure(error, project.root, folders)
            raise ProjectError(hide("\n".join([failure.cause, *failure.lines])))
        content = Path(folder, "target", "manifest.json").read_bytes()
    return Parsed(json.loads(content), frozenset(events.listed), described.database, adapter.default_schema)
