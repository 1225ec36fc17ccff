"""The dbt profile of a job: how dbt reaches the Store it writes to and those it reads; one function per technology."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.duckdb import types

NAME: Final = "datakit"
"""The profile's name; the target has the environment's, by which models ask where they are."""

DEFAULT_SCHEMA: Final = "main"
_THREADS: Final = min(4, os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile, ready to be written.

    Attributes:
        target: dbt's settings of the connection; secrets stand in it as ``{{ env_var('…') }}``.
        database: dbt's name of the target's own database.
        databases: the database that holds a Store's tables, by Store; a Store that is missing is in the target's own.
        env: the variables that the target asks for.
        type_name: how the target's database spells the type of a column.
        environment: the environment's name: what `target.name` gives.
    """

    target: Mapping[str, Any]
    database: str = ""
    databases: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, Secret] = field(default_factory=dict)
    type_name: Callable[[DataType], str] = str
    environment: str = NAME

    @property
    def content(self) -> dict[str, Any]:
        """What goes into `profiles.yml`."""
        return {NAME: {"target": self.environment, "outputs": {self.environment: dict(self.target)}}}


def profile(inputs: Sequence[BoundDataSet], outputs: Sequence[BoundDataSet], *, names_schemas: bool = False) -> Profile:
    """The profile to write `outputs` and read `inputs`.

    Args:
        inputs: the DataSets read.
        outputs: the DataSets written.
        names_schemas: whether the models name their schemas themselves; else that of the outputs is taken.

    Raises:
        ValueError: dbt cannot do that; the text is one sentence.
    """
    if not outputs:
        raise ValueError("a dbt Transform needs an output; dbt writes to the Store of its outputs")
    home = outputs[0]
    for other in outputs[1:]:
        if other.connection != home.connection:
            raise ValueError(
                f"outputs {home.name} and {other.name} lie in different Stores ({home.store}, {other.store}); "
                "dbt writes to one, so split the Transform"
            )
    technology = home.connection.technology
    if technology not in TECHNOLOGIES:
        known = ", ".join(sorted(TECHNOLOGIES))
        raise ValueError(
            f"output {home.name} lies in {technology}, where dbt cannot write here; expected one of {known}"
        )
    for dataset in (*inputs, *outputs):
        if dataset.place.table is None:
            raise ValueError(f"{dataset.name} is no table ({dataset.place}); dbt reads and writes tables only")
    schema = DEFAULT_SCHEMA if names_schemas else _schema(outputs)
    return TECHNOLOGIES[technology](home, schema, inputs)


def split(table: str) -> tuple[str, str]:
    """A table's schema and name: ``raw.flights`` → ``("raw", "flights")``."""
    schema, _, name = table.rpartition(".")
    return schema or DEFAULT_SCHEMA, name


def secret(dataset: BoundDataSet, name: str, env: dict[str, Secret]) -> str:
    """What a profile says in the place of a secret of a DataSet's Store; its value, if it is known, is put into `env`.

    dbt keeps variables with this prefix out of its logs and artifacts, and reads them in profiles only. Where a job is
    only checked, no secret has a value.
    """
    variable = f"DBT_ENV_SECRET_DATAKIT_{dataset.store.replace('-', '_').upper()}__{name.upper()}"
    if (value := dataset.connection.secrets.get(name)) is not None:
        env[variable] = value
    return f"{{{{ env_var('{variable}') }}}}"


def _schema(outputs: Sequence[BoundDataSet]) -> str:
    schemas = [split(dataset.place.table or "")[0] for dataset in outputs]
    return schemas[0] if len(set(schemas)) == 1 else DEFAULT_SCHEMA


def _duckdb(output: BoundDataSet, schema: str, inputs: Sequence[BoundDataSet]) -> Profile:
    home = _file(output.connection)
    others: dict[Path, str] = {}
    databases: dict[str, str] = {}
    for dataset in inputs:
        if dataset.connection.technology != "duckdb":
            raise ValueError(
                f"input {dataset.name} lies in {dataset.connection.technology}; dbt on DuckDB reads DuckDB files only, "
                "so load it into one first"
            )
        if (file := _file(dataset.connection)) != home:
            databases[dataset.store] = others.setdefault(file, f"datakit_{dataset.store.replace('-', '_')}")
    target: dict[str, Any] = {
        "type": "duckdb",
        "path": str(home),
        "schema": schema,
        "threads": _THREADS,
        # The file has one writer: it must be free again after each build.
        "keep_open": False,
    }
    if others:
        attach = [{"path": str(file), "alias": alias, "read_only": True} for file, alias in sorted(others.items())]
        target["attach"] = attach
    # As DuckDB names a database after its file.
    return Profile(target, home.name.lstrip(".").split(".")[0], databases, type_name=types.write)


def _file(connection: Connection) -> Path:
    return Path(str(connection.options.get("path", ""))).absolute()


TECHNOLOGIES: Final[dict[str, Callable[[BoundDataSet, str, Sequence[BoundDataSet]], Profile]]] = {"duckdb": _duckdb}
"""How each technology that dbt can write to becomes a profile: of an output, the schema and the inputs."""
