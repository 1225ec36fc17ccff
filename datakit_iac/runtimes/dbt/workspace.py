"""The overlay: a dbt project of copies of the user's files, with the sources that come from DataSets added.

The user's folder is never written to. Copies keep each file at its own path below the project, so that dbt's messages,
selections by path and configurations by folder mean the same in both. They are copies, not links, so that what is built
is what was looked at: a file that changes later changes the next build.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import Any, BinaryIO, Final

import yaml

from datakit_iac.contract.dataset import BoundDataSet, DataSetReference
from datakit_iac.runtimes.dbt.profile import Profile, relation
from datakit_iac.runtimes.dbt.project import given
from datakit_iac.runtimes.dbt.project.configuration import CONFIGURATION, ProjectError
from datakit_iac.runtimes.dbt.project.dbt_project import DbtProject
from datakit_iac.runtimes.dbt.project.folders import GENERATED
from datakit_iac.runtimes.dbt.project.node import Node

_NOWHERE: Final = "datakit_undeclared"
_BLOCK: Final = 1 << 20
_DUMPER: Final = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def build(project: DbtProject, folder: Path, sources: Mapping[str, Any]) -> dict[str, str]:
    """Make `folder` the overlay of a project, changing only what differs, so that dbt need not parse the rest again.

    Args:
        project: the user's project.
        folder: where the overlay is kept.
        sources: what `sources` made.

    Returns:
        The digests of what was copied, as `given.digests` has them.

    Raises:
        ProjectError: a file cannot be read.
    """
    if folder.is_symlink():
        folder.unlink()
    folder.mkdir(parents=True, exist_ok=True)
    files = [file for file in given.files(project) if file != Path(CONFIGURATION)]
    written = {Path(CONFIGURATION): _configuration(project)}
    written |= {Path(GENERATED, file): content for file, content in sources.items()}
    _remove_others(folder, {*files, *written})
    copied = {file.as_posix(): _copy(project.place(file), folder / file) for file in files}
    for path, content in written.items():
        _write(folder / path, content)
    return {CONFIGURATION: project.loaded, **copied}


def sources(
    project: DbtProject, datasets: Sequence[BoundDataSet | DataSetReference], described: Profile | None = None
) -> dict[str, Any]:
    """The sources of a project, by file: each DataSet as ``source('<store>', '<dataset>')``, with `-` written as `_`.

    What the project declares itself is left to it, and what a package declares where no DataSet has its name. A source
    that a model names and no file declares gets a place that does not exist, so that dbt can read the models outside
    this job; `undeclared` finds it in the others.
    The order is that of names, whatever the order of `datasets`.
    """
    own, described = project.declared_sources, described or Profile({})
    stores: dict[str, dict[str, Any]] = {}
    named_by_models = {pair for node in project.nodes for pair in project.sources(node)}
    for store, name in sorted(named_by_models - own - project.sources_of_packages):
        stores.setdefault(store, {})[name] = {"schema": _NOWHERE, "identifier": name}
    for dataset in sorted(datasets, key=lambda each: (each.store, each.name)):
        store, name = named(dataset)
        is_there = dataset.place.table is not None or dataset.name in described.carried
        if is_there and (store, name) not in own:
            schema, identifier = relation(dataset, described.default_schema)
            stores.setdefault(store, {})[name] = {"schema": schema, "identifier": identifier}
    others = {store.replace("-", "_"): database for store, database in described.databases.items()}
    return {
        f"{store}.{entry['schema']}.yml": {"version": 2, "sources": [entry]}
        for store in sorted(stores)
        for entry in _entries(store, stores[store], others.get(store))
    }


def named(dataset: BoundDataSet | DataSetReference) -> tuple[str, str]:
    """The two names by which models refer to a DataSet."""
    return dataset.store.replace("-", "_"), dataset.name.replace("-", "_")


def undeclared(project: DbtProject, nodes: Sequence[Node], inputs: Sequence[BoundDataSet]) -> list[str]:
    """What nodes read without it being an input, each as one sentence."""
    known = {*map(named, inputs)} | project.declared_sources | project.sources_of_packages
    return [
        f"{project.root / node.file} reads source('{store}', '{name}'), which is not an input; "
        f"add DataSet {name.replace('_', '-')} of Store {store.replace('_', '-')} to `inputs`"
        for node in nodes
        for store, name in sorted(project.sources(node) - known)
    ]


def _entries(store: str, tables: Mapping[str, Mapping[str, str]], database: str | None) -> Iterator[dict[str, Any]]:
    # A source has one schema, but may be declared in several parts: each in a file of its own, since dbt's partial
    # parse loses tables where two parts of one name are in one file.
    for schema in sorted({table["schema"] for table in tables.values()}):
        entry: dict[str, Any] = {"name": store, "schema": schema}
        if database:
            entry["database"] = database
        entry["tables"] = [
            {"name": name, "identifier": table["identifier"]}
            for name, table in sorted(tables.items())
            if table["schema"] == schema
        ]
        yield entry


def _configuration(project: DbtProject) -> dict[str, Any]:
    paths = project.paths("model")
    # A model path that is the project's folder itself holds the generated folder already.
    extra = () if any(Path(path) == Path() for path in paths) else (GENERATED,)
    return {**project.configuration, "model-paths": [*paths, *extra]}


def _remove_others(folder: Path, wanted: Set[Path]) -> None:
    """Remove all but regular files that are wanted, and the folders that they need."""
    needed = {parent for path in wanted for parent in path.parents}
    for current, folders, names in os.walk(folder):
        below = Path(current).relative_to(folder)
        for name in names:
            if below / name not in wanted or Path(current, name).is_symlink():
                Path(current, name).unlink()
        for name in [*folders]:
            if Path(current, name).is_symlink():
                Path(current, name).unlink()
            elif below / name not in needed:
                shutil.rmtree(Path(current, name))
                folders.remove(name)


def _copy(source: Path, target: Path) -> str:
    """Make a file the copy of another, and return the digest of its content, as it now is."""
    try:
        with source.open("rb") as content:
            if (same := _digest_if_same(content, target)) is not None:
                return same
            content.seek(0)
            return _write_copy(content, target)
    except OSError as fault:
        raise ProjectError(f"{source} cannot be copied for dbt: {fault.strerror}") from fault


def _digest_if_same(content: BinaryIO, target: Path) -> str | None:
    digest = hashlib.sha256()
    with contextlib.suppress(FileNotFoundError), target.open("rb") as present:
        if os.fstat(present.fileno()).st_size != os.fstat(content.fileno()).st_size:
            return None
        while block := content.read(_BLOCK):
            if present.read(len(block)) != block:
                return None
            digest.update(block)
        return digest.hexdigest()
    return None


def _write_copy(content: BinaryIO, target: Path) -> str:
    digest = hashlib.sha256()
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as copy:
        while block := content.read(_BLOCK):
            digest.update(block)
            copy.write(block)
    return digest.hexdigest()


def _write(file: Path, content: Mapping[str, Any]) -> None:
    text = yaml.dump(content, Dumper=_DUMPER, sort_keys=False, allow_unicode=True)
    if not file.is_file() or file.read_text(encoding="utf-8") != text:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
