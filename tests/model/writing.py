"""The files that a project stands for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from tests.model.project import DataSet, Project

API: Final = "datakit.infoblox.dev/v1alpha1"


def write(project: Project, root: Path) -> None:
    """Make the folder `root/project` what the project says."""
    wanted = {root / "project" / path: text for path, text in files(project, root).items()}
    folder = root / "project"
    for found in list(folder.rglob("*")) if folder.is_dir() else []:
        if found.is_file() and found not in wanted and ".duckdb" not in found.name:
            found.unlink()
    for path, text in wanted.items():
        if not path.exists() or path.read_text() != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)


def files(project: Project, root: Path) -> dict[str, str]:
    """The text of each file, by its path."""
    written = {"platform.yaml": _yaml(_platform(project, root)), "datasets.yaml": _yaml(_datasets(project))}
    written["transforms.yaml"] = _yaml(_transforms(project))
    for name, source in project.sources.items():
        for file, rows in source.files.items():
            lines = [source.header, *rows]
            written[f"inbox/{name}/{file}"] = "".join(",".join(line) + "\n" for line in lines)
        if source.hidden:
            written[f"inbox/{name}/.DS_Store"] = "not data"
    dbt = {"name": "shop", "version": "1.0", "profile": "any", "model-paths": ["models"], "macro-paths": ["macros"]}
    models = {"shop": {"+schema": project.schema}} if project.schema else {}
    written["dbt/dbt_project.yml"] = yaml.safe_dump({**dbt, "models": models})
    if project.macro:
        written["dbt/macros/unused.sql"] = f"{{% macro unused() %}}{project.macro}{{% endmacro %}}\n"
    for key in (*project.staged(), "totals"):
        folder = "marts" if key == "totals" else "staging"
        written[f"dbt/models/{folder}/{project.datasets[key].leaf}.sql"] = _sql(project, key)
    return written


def _platform(project: Project, root: Path) -> Iterator[dict[str, Any]]:
    both = ["source", "destination"]
    for name, capabilities in {"duckdb": both, "files": ["source"], project.warehouse.type: both}.items():
        yield _document("Connector", name, {"type": name, "version": "1.0.0", "capabilities": capabilities})
    path = project.path.replace("ROOT", str(root))
    yield _document("Store", "warehouse", {"connector": "duckdb", "connection": {"path": "warehouse.duckdb"}})
    yield _document("Store", "inbox", {"connector": "files", "connection": {"path": "inbox"}})
    bound = {
        each.name: {"table": each.bound} for key, each in project.datasets.items() if each.bound and _is(project, key)
    }
    environment = _document("Environment", "dev", {"deletion": project.deletion})
    yield {**environment, "bindings": {"warehouse": project.warehouse.binding(path), **bound}}
    yield _document("Policy", "lenient", {"rules": [{"rule": "pii-not-public"}]})


def _is(project: Project, key: str) -> bool:
    return key != "extra" or bool(project.extra)


def _datasets(project: Project) -> Iterator[dict[str, Any]]:
    for name in project.sources:
        yield _document("DataSet", f"{name}-csv", {"store": "inbox", "prefix": name, "format": "csv"})
    for key, dataset in project.datasets.items():
        if _is(project, key):
            yield _document("DataSet", dataset.name, _contract(project, key, dataset))
    names = [project.datasets[key].name for key in ("big", "named")]
    yield _document("DataSetGroup", "staged", {"store": "warehouse", "datasets": names})


def _contract(project: Project, key: str, dataset: DataSet) -> dict[str, Any]:
    spec: dict[str, Any] = {"store": "warehouse", "table": dataset.table, "schema": []}
    if dataset.description:
        spec["description"] = dataset.description
    if dataset.previous:
        spec["previousNames"] = list(dataset.previous)
    if dataset.consents:
        consents = [{"object": each, "reason": "it may go", "expires": "2099-01-01"} for each in dataset.consents]
        spec["consents"] = consents
    if dataset.tests:
        spec["tests"] = list(dataset.tests)
    for column in dataset.columns:
        said: dict[str, Any] = {"name": column.name, "type": column.type}
        if column.key:
            said["primaryKey"] = True
        if column.required:
            said["nullable"] = False
        if column.previous:
            said["previousNames"] = list(column.previous)
        if column.description:
            said["description"] = column.description
        tests = list(column.tests)
        if project.related and key == "sales" and column.name == project.models["big"].names["person"]:
            people = project.datasets["people"]
            field_ = next(each.name for each in people.columns if each.key or each.name == "id")
            tests.append({"relationships": {"to": people.name, "field": field_}})
        if tests:
            said["tests"] = tests
        spec["schema"].append(said)
    return spec


def _transforms(project: Project) -> Iterator[dict[str, Any]]:
    for load in project.loads.values():
        spec: dict[str, Any] = {"runtime": "cloudquery", "inputs": [{"dataset": f"{load.source}-csv"}]}
        spec["outputs"] = [{"dataset": project.datasets[load.target].name}]
        spec["cloudquery"] = {"writeMode": load.mode}
        yield _document("Transform", load.name, spec)
    outputs = [{"dataset": "staged"}, *({"dataset": project.datasets[key].name} for key in project.staged()[2:])]
    inputs = [{"dataset": project.datasets[key].name} for key in ("people", "sales")]
    dbt = {"project": "dbt", "select": ["staging"]}
    yield _document("Transform", project.staging, {"runtime": "dbt", "inputs": inputs, "outputs": outputs, "dbt": dbt})
    inputs = [{"dataset": project.datasets["named"].name}] if project.undeclared else [{"dataset": "staged"}]
    totals = [{"dataset": project.datasets["totals"].name}]
    dbt = {"project": "dbt", "select": ["marts"]}
    yield _document("Transform", project.marts, {"runtime": "dbt", "inputs": inputs, "outputs": totals, "dbt": dbt})


def _document(kind: str, name: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    return {"apiVersion": API, "kind": kind, "metadata": {"name": name}, "spec": dict(spec)}


class _Plain(yaml.SafeDumper):
    """Writes what occurs twice twice."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _yaml(documents: Iterator[dict[str, Any]]) -> str:
    text: str = yaml.dump_all(documents, Dumper=_Plain, sort_keys=False)
    return text


def _sql(project: Project, key: str) -> str:
    model = project.models[key]
    names = {use: f'"{name}"' for use, name in model.names.items()}
    typeof = project.warehouse.typeof.format
    exposed = "".join(f""", {typeof(f'"{of}"')} || ' ' || "{of}" as "{name}\"""" for name, of in model.exposed)
    kind = project.extra if key == "extra" else model.kind
    head = f"{{{{ config(materialized='{kind}') }}}}\n"
    if model.comment:
        head += f"{{# {model.comment} #}}\n"
    source = {
        of: f"{{{{ source('warehouse', '{project.datasets[of].name.replace('-', '_')}') }}}}"
        for of in ("people", "sales")
    }
    if key == "big":
        person, amount = names["person"], names["amount"]
        return (
            f"{head}select {person} as person, cast({amount} as varchar) as shown, {typeof(amount)} as kind{exposed}\n"
            f"from {source['sales']} where {amount} > 0\n"
        )
    if key == "named":
        return f"{head}select {names['id']} as person, {names['name']} as name{exposed}\nfrom {source['people']}\n"
    if key == "extra":
        return f"{head}select {names['id']} as id, {names['name']} as name\nfrom {source['people']}\n"
    big, named = (f"{{{{ ref('{project.datasets[of].leaf}') }}}}" for of in ("big", "named"))
    return (
        f"{head}select n.{names['name']} as name, count(*) as sales, min(b.{names['shown']}) as least,"
        f" max(b.{names['kind']}) as kind\nfrom {big} b join {named} n using ({names['person']})\ngroup by 1\n"
    )
