"""A Job as plain JSON, and back: what runs it elsewhere gets the names of its secrets, and never their values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.contract.decoding import decode
from datakit_iac.contract.job import Job
from datakit_iac.contract.shapes import Contract, Execution, Run
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.manifest.models.document import Model
from datakit_iac.manifest.values.secret import Secret

REFERENCE: Final = "$secret"
"""The key of a mapping that takes the place of a secret; its value is the name of a variable."""

_PREFIX: Final = "DATAKIT_SECRET"
_NO_NAME: Final = re.compile(r"\W")


class MissingSecretError(Exception):
    """A document names secrets that are not there; the text has the names."""


class Encoded:
    """A Job as plain data.

    Args:
        job: the Job.

    Attributes:
        document: what JSON can hold; each secret is ``{"$secret": VARIABLE}``.
        secrets: the secrets, by the variable that each is expected in.
    """

    def __init__(self, job: Job) -> None:
        self.secrets: dict[str, Secret] = {}
        said = {name: getattr(job, name) for name in Execution.model_fields if name != "env"}
        tables: dict[str, dict[str, str | None]] = {}
        for each in job.context:
            tables.setdefault(each.store, {})[each.name] = each.place.table
        self.document: dict[str, Any] = {
            "environment": job.environment,
            "identity": job.identity,
            "run": {
                **{_alias(Run, name): _plain(value) for name, value in said.items()},
                "transform": job.transform,
                "inputs": [self._contract(each) for each in job.inputs],
                "outputs": [self._contract(each) for each in job.outputs],
                "context": tables,
                "generations": dict(job.generations),
                "given": job.given,
                "env": {name: self._value(("ENV", name), value) for name, value in job.variables.items()},
            },
        }

    def _contract(self, dataset: BoundDataSet) -> dict[str, Any]:
        fields = {*Contract.model_fields, "columns"} - {"store", *Place.model_fields}
        said = {name: getattr(dataset, name) for name in fields if hasattr(dataset, name)}
        connection = dataset.connection
        return {
            **{_alias(Contract, name): _plain(value) for name, value in said.items() if value not in ("", None)},
            **dataset.place.dumped(),
            "store": {
                "name": dataset.store,
                "technology": connection.technology,
                "connection": _plain(connection.options),
                "secrets": {
                    name: self._value((dataset.store, name), value) for name, value in connection.secrets.items()
                },
            },
        }

    def _value(self, path: tuple[str, ...], value: str | Secret) -> Any:
        if not isinstance(value, Secret):
            return value
        wanted = "_".join((_PREFIX, *(_NO_NAME.sub("_", part).upper() for part in path)))
        name, number = wanted, 1
        while self.secrets.setdefault(name, value) != value:
            number += 1
            name = f"{wanted}_{number}"
        return {REFERENCE: name}


def decoded(document: Mapping[str, Any], variables: Mapping[str, str]) -> Job:
    """The Job that a document is.

    Args:
        document: what `Encoded` made.
        variables: where the secrets are.

    Raises:
        MissingSecretError: some are not there.
        KeyError, pydantic.ValidationError: the document does not have its shape.
    """
    missing: set[str] = set()

    def found(values: Mapping[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, value in values.items():
            if isinstance(value, Mapping):
                variable = str(value[REFERENCE])
                missing.update(() if variable in variables else (variable,))
                made[name] = Secret(variables.get(variable, ""))
            else:
                made[name] = value
        return made

    def reached(contract: Mapping[str, Any]) -> dict[str, Any]:
        store = contract["store"]
        return {**contract, "store": {**store, "secrets": found(store["secrets"])}}

    run = document["run"]
    whole = {
        **run,
        "env": found(run["env"]),
        "inputs": [reached(each) for each in run["inputs"]],
        "outputs": [reached(each) for each in run["outputs"]],
    }
    if missing:
        raise MissingSecretError(f"the secrets {', '.join(sorted(missing))} are not in the environment")
    return decode(Run, whole).job(str(document["environment"]), str(document["identity"]))


def _alias(shape: type[Model], name: str) -> str:
    return shape.model_fields[name].alias or name


def _plain(value: Any) -> Any:
    match value:
        case Model():
            return value.dumped()
        case Mapping():
            return {name: _plain(each) for name, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
    return value
