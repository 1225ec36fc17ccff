"""Runs a function in memory and checks its contracts, for the tests of its author."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from datakit_iac.functions.declaration import Declared, declaration
from datakit_iac.functions.importing import FOLDERS
from datakit_iac.manifest.loading.loader import read
from datakit_iac.manifest.models.dataset import DataSet
from datakit_iac.manifest.models.document import API_VERSION
from datakit_iac.manifest.project import Project


def run(
    function: Callable[..., Any], /, *, as_arrow: bool = False, in_project: Path | None = None, **inputs: Any
) -> Any:
    """Run a function of `@transform` on rows that are given, without any Store.

    Inputs and outputs are checked against their contracts, as in a Run: what is declared in Python by that,
    what is named by the manifests of the project.

    Args:
        function: what is run.
        as_arrow: whether Arrow tables are returned, and not lists of rows.
        in_project: the folder of the manifests; else the one whose ``transforms/`` the function is in.
        inputs: the rows of each parameter: a list of mappings, or whatever a function may return.

    Returns:
        The rows of the output; of several outputs a mapping by their keys.

    Raises:
        FunctionFault: rows do not keep a contract; everything that is wrong is said.
        LookupError: a contract cannot be found.
        TypeError: it is not a function of `@transform`, or other inputs are given than it has.
    """
    from datakit_iac.runtimes.python import calling, reading  # late: the rest of the kit needs no Arrow
    from datakit_iac.runtimes.python.writing import Rows

    declared = declaration(function)
    if declared is None or declared.kind != "Transform":
        raise TypeError(f"{function!r} is not a function of @transform")
    own = declared.document["spec"]["python"]
    parameters, returns = own.get("parameters", {}), own["returns"]
    if {*inputs} != {*parameters}:
        raise TypeError(
            f"{declared.name} has the inputs {', '.join(parameters) or 'none'}; found {', '.join(inputs) or 'none'}"
        )
    contracts = _contracts(declared, in_project)
    readers = {}
    for name, value in inputs.items():
        rows = Rows(contracts[parameters[name]], value, f"the input {name}")
        readers[name] = reading.plain(rows.conformance.schema, rows.batches())
    found = calling.called(function, readers, {key: contracts[name] for key, name in returns.items()})
    tables = {
        key: reading.plain(rows.conformance.schema, rows.batches()).read_all()
        for key, rows in zip(returns, found, strict=True)
    }
    given = tables if as_arrow else {key: table.to_pylist() for key, table in tables.items()}
    return given if len(given) > 1 else next(iter(given.values()))


def _contracts(declared: Declared, project: Path | None) -> Mapping[str, Any]:
    """The contract of each DataSet that a function names."""
    from datakit_iac.cloudquery_plugins.columns import DeclaredColumn
    from datakit_iac.runtimes.python.writing import Output

    known = {
        each.name: DataSet.model_validate({"apiVersion": API_VERSION, **each.document}) for each in declared.datasets
    }
    spec, found = declared.document["spec"], {}
    for name in (port["dataset"] for port in (*spec["inputs"], *spec["outputs"])):
        contract = known.get(name) or _of_project(declared.file, project, name)
        columns = [
            DeclaredColumn(column.name, column.type, column.required, column.primary_key)
            for column in contract.spec.columns
        ]
        found[name] = Output(name, columns, name)
    return found


def _of_project(file: Path, project: Path | None, name: str) -> DataSet:
    root = project or next((each.parent for each in file.absolute().parents if each.name in FOLDERS), None)
    if root is None:
        raise LookupError(f"the contract of {name} is in a manifest; say in which folder: run(…, in_project=…)")
    datasets = _project(root.absolute()).datasets
    if name not in datasets:
        raise LookupError(f"unknown DataSet {name!r} in {root}; it has {', '.join(datasets) or 'none'}")
    return datasets[name]


@lru_cache(maxsize=8)
def _project(root: Path) -> Project:
    return read(root)[0]
