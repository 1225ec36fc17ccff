"""Write the Transform and the DataSets of a dbt project.

dbt parses a copy of the project; nothing is built, and the project's folder is not touched. Descriptions, types, keys,
tests, tags, owners and `meta` are dbt's; the catalog of the Store says what dbt does not. What neither says, and `dk
validate` asks for, is marked as `# guessed`. Manifests that differ are shown and stay unless --force. Repeated, it does
nothing.
"""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from datakit_iac.cli import environments, exit_codes, pulumi_process
from datakit_iac.cli.lookup import demand_name, known
from datakit_iac.cli.output.spinner import waiting
from datakit_iac.cli.project_scope import add_path, scope
from datakit_iac.cli.scaffold.proposal import Proposal, add_options

if TYPE_CHECKING:
    from datakit_iac.contract.connection import Connection
    from datakit_iac.environment.model import ResolvedProject, ResolvedStore
    from datakit_iac.importing.dbt_project import Asked, Surroundings
    from datakit_iac.manifest.models.dataset import Place
    from datakit_iac.runtimes.dbt.project.dbt_project import DbtProject
    from datakit_iac.technologies.technology import TableState


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("folder", metavar="FOLDER", help="the dbt project: the folder with dbt_project.yml")
    add_path(parser)
    pulumi_process.add_environment(parser)
    parser.add_argument("--store", metavar="STORE", help="the Store it is built in (default: the only one that fits)")
    parser.add_argument("--name", help="the Transform's name (default: the dbt project's)")
    parser.add_argument("--schema", default="", help="where models are built that name no schema")
    parser.add_argument("--select", action="append", default=[], metavar="SELECTOR", help="as in dbt; repeatable")
    parser.add_argument("--exclude", action="append", default=[], metavar="SELECTOR", help="as in dbt; repeatable")
    add_options(parser)


def run(options: Namespace) -> int:
    """Have dbt parse, read the catalog, and write."""
    from datakit_iac.cli.secrets import reached
    from datakit_iac.importing.dbt_project import NotImportableError, imported
    from datakit_iac.runtimes.dbt.project.configuration import ProjectError
    from datakit_iac.runtimes.dbt.project.dbt_project import DbtProject
    from datakit_iac.runtimes.dbt.project.variables import needed
    from datakit_iac.runtimes.dbt.reading import parse
    from datakit_iac.technologies.technology import StoreError, technology

    project = environments.readable(scope(options.path).root)
    if project is None:
        return exit_codes.FINDINGS
    resolved = environments.resolved(project, options.env)
    store = _store(resolved, options.store)
    kind = technology(store.connection.technology)
    try:
        dbt = DbtProject(Path(options.folder))
        variables = needed(dbt, os.environ)
        asked = _asked(options, dbt, store, project.root, variables)
        connection = reached(store, project.root, options.env)
        with waiting("reading the dbt project"):
            parsed = parse(
                dbt, store.name, connection, [each.bound.reference for each in resolved.datasets.values()],
                schema=options.schema,
                select={"select": asked.select, "exclude": asked.exclude},
                variables={name: os.environ[name] for name in variables if name in os.environ},
                environment=options.env,
            )  # fmt: skip
        notes: list[str] = []
        with _catalog(store, connection, notes) as describe:
            found, more = imported(parsed, asked, kind, _around(resolved, store, asked, describe))
    except (ProjectError, NotImportableError, StoreError) as fault:
        raise exit_codes.UsageError(str(fault)) from fault
    proposal = Proposal(project, "dbt", kind.canonical, notes=[*notes, *more])
    for each in found:
        proposal.add(each)
    proposal.carry_out(options, f"{options.folder}: every model has its DataSet")
    return exit_codes.FINE


def _store(resolved: ResolvedProject, name: str | None) -> ResolvedStore:
    """The Store that is named, or the only one that dbt can build in."""
    from datakit_iac.runtimes.dbt.profile import adapters

    able = adapters()
    if name:
        store = known("Store", name, resolved.stores)
        if store.connection.technology not in able or not store.is_installed:
            kinds = ", ".join(able)
            raise exit_codes.UsageError(f"Store {name} is of {store.connection.technology}; dbt builds in {kinds} here")
        return store
    fitting = [
        each
        for each in resolved.stores.values()
        if each.connection.technology in able and each.destination and each.is_installed
    ]
    if len(fitting) != 1:
        found = ", ".join(each.name for each in fitting) or "there is none"
        raise exit_codes.UsageError(f"dbt builds in one Store, and it is not clear in which: {found}", "--store STORE")
    return fitting[0]


def _asked(options: Namespace, dbt: DbtProject, store: ResolvedStore, root: Path, variables: list[str]) -> Asked:
    from datakit_iac.importing.dbt_project import Asked
    from datakit_iac.importing.names import hyphenated

    name = options.name or hyphenated(dbt.name, "dbt")
    demand_name(name)
    folder = Path(os.path.relpath(dbt.root.absolute(), root)).as_posix()
    return Asked(name, folder, store.name, tuple(options.select), tuple(options.exclude), tuple(variables))


def _around(
    resolved: ResolvedProject, store: ResolvedStore, asked: Asked, describe: Callable[[Place], TableState | None]
) -> Surroundings:
    """What is there already.

    Raises:
        UsageError: the Transform's name is that of another.
    """
    from datakit_iac.importing.dbt_project import Surroundings
    from datakit_iac.technologies.technology import technology

    project = resolved.project
    address = partial(technology(store.connection.technology).address, connection=store.connection)
    there = project.transforms.get(asked.transform)
    if there and (there.spec.runtime != "dbt" or there.spec.settings.get("project", "") not in ("", asked.project)):
        raise exit_codes.UsageError(f"there is another Transform {asked.transform!r} already", "--name NAME")
    return Surroundings(
        address,
        {
            address(each.bound.place): each.manifest.name
            for each in resolved.datasets.values()
            if each.bound.store == store.name
        },
        {*project.datasets, *project.groups, *project.stores},
        {
            name
            for each in resolved.transforms.values()
            if each.manifest.name != asked.transform
            for name in (output.name for output in each.job.outputs)
        },
        describe,
    )


@contextmanager
def _catalog(
    store: ResolvedStore, connection: Connection, notes: list[str]
) -> Iterator[Callable[[Place], TableState | None]]:
    """What the Store's catalog shows at a place; nothing, and a note, where it cannot be read."""
    from datakit_iac.importing.catalog import described
    from datakit_iac.technologies.technology import StoreError, technology

    with ExitStack() as kept:
        try:
            session = kept.enter_context(technology(store.connection.technology).open(connection))
        except StoreError as fault:
            notes.append(f"the catalog of Store {store.name} was not read, so types are those that dbt says: {fault}")
            yield lambda _: None
            return
        with waiting(f"reading {store.name}"):
            yield partial(described, session)
