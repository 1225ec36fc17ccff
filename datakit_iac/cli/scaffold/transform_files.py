"""The files of a new Transform: its manifest, the DataSets that were not named, and what its runtime reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datakit_iac.cli.exit_codes import UsageError
from datakit_iac.cli.scaffold import function_files, templates
from datakit_iac.cli.scaffold.layout import place
from datakit_iac.manifest.models.column import Column
from datakit_iac.manifest.models.dataset import DataSet, DataSetSpec
from datakit_iac.manifest.models.document import Metadata
from datakit_iac.manifest.models.store import Store
from datakit_iac.manifest.models.transform import Port, Transform, TransformSpec
from datakit_iac.manifest.project import Project
from datakit_iac.manifest.writing import to_yaml
from datakit_iac.runtimes.cloudquery.section import CloudQuerySection, TablePair
from datakit_iac.runtimes.dbt.section import DbtSection

_NUMBER = Column.model_validate({"name": "id", "type": "integer", "primaryKey": True, "pii": False})
_CONTENT = "id\n1\n2\n3\n"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a new Transform shall be.

    Attributes:
        name: its name.
        runtime: what runs it.
        mode: ``batch`` or ``streaming``.
        namespace: of its metadata; may be empty.
    """

    name: str
    runtime: str
    mode: str = "batch"
    namespace: str = ""


def package(root: Path, asked: Asked) -> dict[Path, str]:
    """Each file of a Transform outside of any project, with its text; its DataSets are declared elsewhere.

    It is under ``transforms/`` where there is that folder, else in a folder of its own.
    """
    named = (f"{asked.name}-source", asked.name)
    source, goal = (
        DataSet(metadata=Metadata(name=name), spec=DataSetSpec(store="warehouse", table=_word(name), columns=[_NUMBER]))
        for name in named
    )
    folder = root / "transforms" if (root / "transforms").is_dir() else root
    return _texts(Project(root), asked, folder / asked.name / "dk.yaml", [source], [goal], {})


def texts(project: Project, asked: Asked, inputs: Sequence[DataSet], outputs: Sequence[DataSet]) -> dict[Path, str]:
    """Each file with its text.

    Args:
        project: the project that it is for.
        asked: what it shall be.
        inputs: what it reads; may be empty.
        outputs: what it writes; where it is empty, a new DataSet of the Transform's name.

    Raises:
        UsageError: the runtime cannot do that, or the project has no Store for a new DataSet.
    """
    made: dict[Path, str] = {}
    if asked.runtime == "cloudquery" and not inputs:
        inputs = [_new_source(project, asked.name, made)]
    if not outputs:
        outputs = [_new_output(project, asked.name, inputs, made)]
    if asked.runtime == "generic-python" and asked.mode == "batch":
        return {function_files.module(project, asked.name): function_files.text(asked.name, inputs, outputs), **made}
    return _texts(project, asked, place(project, "Transform", asked.name), inputs, outputs, made)


def _texts(
    project: Project,
    asked: Asked,
    file: Path,
    inputs: Sequence[DataSet],
    outputs: Sequence[DataSet],
    made: dict[Path, str],
) -> dict[Path, str]:
    name, runtime = asked.name, asked.runtime
    _demand_tables([*outputs, *(inputs if runtime == "dbt" else ())], runtime)
    own: dict[str, Any]
    if runtime == "cloudquery":
        own = {runtime: _cloudquery(inputs, outputs)}
    elif runtime == "dbt":
        section = _dbt(project, name, file, inputs, outputs, made)
        own = {runtime: section} if project.stores else {}  # by itself it may be moved; its own folder is the project
    else:
        own = _program(project, name, runtime, file, made)
    ports = {"inputs": _ports(inputs), "outputs": _ports(outputs)}
    spec = TransformSpec.model_validate({"runtime": runtime, "mode": asked.mode, **ports, "timeout": "10m", **own})
    metadata = Metadata(name=name, namespace=asked.namespace)
    return {file: to_yaml(Transform(metadata=metadata, spec=spec)), **made}


def _ports(datasets: Sequence[DataSet]) -> list[Port]:
    return [Port(dataset=each.name) for each in datasets]


def _demand_tables(datasets: Sequence[DataSet], runtime: str) -> None:
    for each in datasets:
        if each.spec.table is None:
            raise UsageError(f"{runtime} needs a table, and DataSet {each.name} is {each.spec.place}")


# DataSets that were not named.


def _new_source(project: Project, name: str, made: dict[Path, str]) -> DataSet:
    store = _only_store(project, "source", "--input", of_files=True)
    folder = store.spec.connection.get("path")
    spec = DataSetSpec(
        store=store.name, prefix=f"{name}.csv", format="csv", classification="internal", columns=[_NUMBER]
    )
    if isinstance(folder, str) and ":" not in folder:
        made[project.root / folder / f"{name}.csv"] = _CONTENT
    return _new(project, f"{name}-source", spec, made)


def _new_output(project: Project, name: str, inputs: Sequence[DataSet], made: dict[Path, str]) -> DataSet:
    if len(inputs) > 1 and not made:
        hint = "`--output DATASET` names it; `dk dataset create` makes one"
        raise UsageError("with several inputs it must be said which DataSets are written", hint)
    store = _only_store(project, "destination", "--output")
    first = inputs[0] if inputs else None
    # An output has a schema, whatever its source says of itself.
    columns = [_derived(first, column) for column in first.spec.columns] if first else []
    spec = DataSetSpec(
        store=store.name,
        table=name.replace("-", "_"),
        classification=(first.spec.classification if first else None) or "internal",
        owner=first.spec.owner if first else "",
        columns=columns or [_NUMBER],
    )
    return _new(project, name, spec, made)


def _derived(source: DataSet, column: Column) -> Column:
    """A column of a new DataSet with the values of a column of another."""
    kept = column.model_dump(by_alias=True, include={"name", "type", "description", "nullable", "primary_key", "pii"})
    return Column.model_validate({**kept, "from": f"{source.name}.{column.name}"})


def _new(project: Project, name: str, spec: DataSetSpec, made: dict[Path, str]) -> DataSet:
    if name in project.datasets or name in project.groups:
        raise UsageError(
            f"there is a DataSet {name!r} already", "name it with --input or --output, or take another name"
        )
    dataset = DataSet(metadata=Metadata(name=name), spec=spec)
    made[place(project, "DataSet", name)] = to_yaml(dataset)
    return dataset


def _only_store(project: Project, capability: str, option: str, *, of_files: bool = False) -> Store:
    """The one Store of the project that can be read, or written to."""
    able = [store for store in project.stores.values() if _is_able(project, store, capability, of_files=of_files)]
    if len(able) == 1:
        return able[0]
    found = ", ".join(store.name for store in able) or "there is none"
    raise UsageError(f"no single Store is a {capability} for a new DataSet: {found}", f"{option} DATASET names one")


def _is_able(project: Project, store: Store, capability: str, *, of_files: bool) -> bool:
    connector = project.connectors.get(store.spec.connector)
    if connector is None or (of_files and not _holds_files(connector.spec.type)):
        return False
    return capability in connector.spec.capabilities


def _holds_files(kind: str) -> bool:
    from datakit_iac.technologies.technology import technologies, technology  # late: only a new source asks

    return kind in technologies() and "prefix" in technology(kind).capabilities.places


# What a runtime reads.


def _cloudquery(inputs: Sequence[DataSet], outputs: Sequence[DataSet]) -> CloudQuerySection | None:
    if len(inputs) != len(outputs):
        counted = f"{len(inputs)} inputs and {len(outputs)} outputs"
        raise UsageError(f"cloudquery loads each input into one output; these are {counted}", "name as many of each")
    if len(inputs) == 1:
        return None
    pairs = [{"from": source.name, "to": goal.name} for source, goal in zip(inputs, outputs, strict=True)]
    return CloudQuerySection(tables=[TablePair.model_validate(pair) for pair in pairs])


def _dbt(
    project: Project,
    name: str,
    manifest: Path,
    inputs: Sequence[DataSet],
    outputs: Sequence[DataSet],
    made: dict[Path, str],
) -> DbtSection:
    """A dbt project in the Transform's folder."""
    folder = _folder(name, manifest)
    for path, text in templates.filled("dbt", {"identifier": name.replace("-", "_")}).items():
        made[folder / path] = text
    for output in outputs:
        schema, _, table = str(output.spec.table).rpartition(".")
        made[folder / "models" / f"{table}.sql"] = _model(schema, output, inputs)
    return DbtSection(project=folder.relative_to(project.root).as_posix())


def _program(project: Project, name: str, runtime: str, manifest: Path, made: dict[Path, str]) -> dict[str, Any]:
    """A program in the Transform's folder, and the command that starts it there."""
    folder = _folder(name, manifest)
    for path, text in templates.filled(runtime, {"name": name}).items():
        made[folder / path] = text
    section = {} if folder == manifest.parent else {runtime: {"project": folder.relative_to(project.root).as_posix()}}
    return {"command": ["python", "main.py"] if runtime == "generic-python" else ["go", "run", "."], **section}


def _folder(name: str, manifest: Path) -> Path:
    """The folder of the manifest; where that is not the Transform's own, one beside it."""
    return manifest.parent if manifest.parent.name == name else manifest.with_name(name)


def _model(schema: str, output: DataSet, inputs: Sequence[DataSet]) -> str:
    source = inputs[0] if inputs else None
    head = [f"{{{{ config(schema='{schema}') }}}}"] if schema else []
    columns = ",\n".join(f"    {_expression(column, source)}" for column in output.spec.columns) or "    *"
    tail = [f"from {{{{ source('{_word(source.spec.store)}', '{_word(source.name)}') }}}}"] if source else []
    return "\n".join([*head, "select", columns, *tail]) + "\n"


def _word(name: str) -> str:
    return name.replace("-", "_")


def _expression(column: Column, source: DataSet | None) -> str:
    """How a model gets a column: from the input's where it is known which, else a value of its type to be filled in."""
    if source is None:
        return f"cast({1 if column.required else 'null'} as {column.type}) as {column.name}"
    there: Mapping[str, Any] = {each.name: each for each in source.spec.columns}
    origin = next((each.partition(".")[2] for each in column.from_ if each.startswith(f"{source.name}.")), column.name)
    if there and origin not in there:
        return f"cast(null as {column.type}) as {column.name}"
    return origin if origin == column.name else f"{origin} as {column.name}"
