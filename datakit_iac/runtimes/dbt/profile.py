"""The dbt profile of a job: how dbt reaches the Store it writes to and those it reads."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Protocol

from datakit_iac import installed
from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet, DataSetReference
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.manifest.values.types import DataType

NAME: Final = "datakit"
"""The profile's name; the target has the environment's, by which models ask where they are."""

GROUP: Final = "datakit.dbt.profiles"
CARRIERS: Final = "datakit.dbt.carriers"
"""Of technologies that no adapter of dbt reaches: their rows are brought to it, and taken from it."""
CARRIED: Final = "datakit_carried"
"""The database of carried rows, as dbt names it."""
CARRIED_FILE: Final = "DATAKIT_CARRIED"
"""The variable that says where its DuckDB file is."""
THREADS: Final = min(4, os.cpu_count() or 1)
"""How many models are built at a time."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile, ready to be written.

    Attributes:
        target: dbt's settings of the connection; secrets are written in it as ``{{ env_var('…') }}``.
        database: dbt's name of the target's own database.
        databases: the database that holds a Store's tables, by Store; a Store that is missing is in the target's own.
        env: the variables that the target asks for.
        type_name: how the target's database spells the type of a column.
        default_schema: the one of a table whose name says none.
        carried: the DataSets whose rows are brought to dbt, and taken from it.
        environment: the environment's name: what `target.name` gives.
    """

    target: Mapping[str, Any]
    database: str = ""
    databases: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, Secret] = field(default_factory=dict)
    type_name: Callable[[DataType], str] = str
    default_schema: str = ""
    carried: frozenset[str] = frozenset()
    environment: str = NAME

    @property
    def content(self) -> dict[str, Any]:
        """What goes into `profiles.yml`."""
        return {NAME: {"target": self.environment, "outputs": {self.environment: dict(self.target)}}}


def demand_schema(dataset: BoundDataSet, output: BoundDataSet, schema: Callable[[Connection], str]) -> None:
    """A table without a schema is looked for in that of the target: both Stores must have the same.

    Args:
        dataset: an input.
        output: what is built.
        schema: the schema of a Store.

    Raises:
        ValueError: they have not.
    """
    there, here = schema(dataset.connection), schema(output.connection)
    if "." not in str(dataset.place) and there != here:
        raise ValueError(
            f"input {dataset.name} is in the schema {there} of its Store, and {output.name} in {here}: name the schema"
            " in the table of the DataSet"
        )


class DbtAdapter(Protocol):
    """How dbt reaches the Stores of a technology; found by an entry point of the technology's name.

    Attributes:
        module: the adapter that dbt imports for them, e.g. ``dbt.adapters.postgres``; the worker does so ahead, unless
            it is empty.
        default_schema: the schema of a table whose name says none, e.g. ``public``; a field ``schema`` of the
            connection comes first.
    """

    module: str
    default_schema: str

    def profile(self, output: BoundDataSet, schema: str, inputs: Sequence[BoundDataSet]) -> Profile:
        """The profile to write into the Store of `output`, by default into `schema`, and to read `inputs`.

        It is also made where no secret has a value: `secret` says what is written for a password.

        Raises:
            ValueError: dbt cannot read an input from there; the text is one sentence.
        """


class Carrier(Protocol):
    """Brings rows to where dbt on DuckDB can read them, and takes from there what it built."""

    def faults(self, dataset: BoundDataSet) -> Sequence[str]:
        """What it cannot do of a DataSet that is built, each one sentence."""

    def fetch(self, datasets: Sequence[BoundDataSet], database: Path) -> list[str]:
        """Put the rows of each DataSet into its table (`relation`) of a DuckDB file; notes for people.

        Raises:
            StoreError: they cannot be read, or are not as their contracts say.
        """

    def publish(self, datasets: Sequence[BoundDataSet], database: Path, transform: str, run: str) -> list[str]:
        """Replace the rows of the DataSets by those of their tables; notes for people.

        Raises:
            StoreError: they cannot be written, or are not as their contracts say; nothing is changed then.
        """


def carriers() -> dict[str, Carrier]:
    """What is installed, by technology."""
    return {name: installed.made(CARRIERS, name) for name in installed.names(CARRIERS)}


def adapters() -> dict[str, DbtAdapter]:
    """What is installed, by technology."""
    return {name: installed.made(GROUP, name) for name in installed.names(GROUP)}


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
                f"outputs {home.name} and {other.name} are in different Stores ({home.store}, {other.store}); "
                "dbt writes to one, so split the Transform"
            )
    carried = carriers()
    for each in outputs:
        if (carrier := carried.get(each.connection.technology)) and (wrong := carrier.faults(each)):
            raise ValueError(wrong[0])
    technology, known = home.connection.technology, adapters()
    if technology not in known:
        raise ValueError(
            f"output {home.name} is in {technology}, where dbt cannot write here; expected one of {', '.join(known)}"
        )
    for dataset in (*inputs, *outputs):
        if dataset.place.table is None and dataset.connection.technology not in carried:
            raise ValueError(f"{dataset.name} is not a table ({dataset.place}); dbt reads and writes tables only")
    adapter = known[technology]
    schema = default = str(home.connection.options.get("schema") or adapter.default_schema)
    if not names_schemas and len(said := {relation(each, schema)[0] for each in outputs}) == 1:
        (schema,) = said
    names = frozenset(each.name for each in (*inputs, *outputs) if each.connection.technology in carried)
    return replace(adapter.profile(home, schema, inputs), default_schema=default, carried=names)


def split(table: str, default_schema: str = "") -> tuple[str, str]:
    """A table's schema and name: ``raw.flights`` → ``("raw", "flights")``."""
    schema, _, name = table.rpartition(".")
    return schema or default_schema, name


def relation(dataset: BoundDataSet | DataSetReference, default_schema: str = "") -> tuple[str, str]:
    """The schema and name by which dbt knows a DataSet; what is not a table has the DataSet's own name."""
    if dataset.place.table is None:
        return default_schema, dataset.name.replace("-", "_")
    return split(dataset.place.table, default_schema)


def secret(dataset: BoundDataSet, name: str, env: dict[str, Secret]) -> str:
    """What a profile says in the place of a secret of a DataSet's Store; its value, if it is known, is put into `env`.

    dbt keeps variables with this prefix out of its logs and artifacts, and reads them in profiles only. Where a job is
    only checked, no secret has a value.
    """
    variable = f"DBT_ENV_SECRET_DATAKIT_{dataset.store.replace('-', '_').upper()}__{name.upper()}"
    if (value := dataset.connection.secrets.get(name)) is not None:
        env[variable] = value
    return f"{{{{ env_var('{variable}') }}}}"
