"""Write DataSets for the tables that are in a Store, and import the tables into the stack's state.

Types, keys and descriptions are the catalog's; columns whose names suggest personal data are marked as `# guessed`.
Tables that a DataSet declares already are compared with it, which stays as it is unless --force. Repeated, it does
nothing.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from datakit_iac.cli import environments, exit_codes, pulumi_process
from datakit_iac.cli.lookup import known
from datakit_iac.cli.output.spinner import waiting
from datakit_iac.cli.project_scope import add_path, scope
from datakit_iac.cli.scaffold.proposal import Proposal, add_options

if TYPE_CHECKING:
    from datakit_iac.environment.model import ResolvedProject, ResolvedStore
    from datakit_iac.importing.tables import FoundTable


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("store", metavar="STORE", help="the Store's name")
    add_path(parser)
    pulumi_process.add_environment(parser)
    parser.add_argument(
        "--tables",
        action="append",
        default=[],
        metavar="PATTERN",
        help="only the tables that match, e.g. 'raw.*'; repeatable",
    )
    parser.add_argument("--no-apply", action="store_true", help="only write manifests; the state stays as it is")
    pulumi_process.add_yes(parser)
    add_options(parser)


def run(options: Namespace) -> int:
    """Read the catalog, write the manifests, and apply."""
    project = environments.readable(scope(options.path).root)
    if project is None:
        return exit_codes.FINDINGS
    resolved = environments.resolved(project, options.env)
    store = known("Store", options.store, resolved.stores)
    proposal, adopted = _proposal(resolved, store, _found(project.root, store, options))
    proposal.carry_out(options, f"{store.name}: every table has its DataSet", adopted=adopted)
    if options.no_apply or not adopted:
        return exit_codes.FINE
    if proposal.differing and not options.force:
        print("nothing was applied: tables would be changed to what their manifests say", file=sys.stderr)
        return exit_codes.FINDINGS
    from datakit_iac.runs.adoption import ADOPT

    return pulumi_process.pulumi(
        "up",
        options.env,
        yes=options.yes,
        variables={**os.environ, ADOPT: ",".join(adopted)},
        aside=options.output == "json",
    )


def _proposal(resolved: ResolvedProject, store: ResolvedStore, found: list[FoundTable]) -> tuple[Proposal, list[str]]:
    """What the tables come to, and the DataSets whose tables are to be taken over."""
    from datakit_iac.importing.names import of_place
    from datakit_iac.importing.tables import dataset, updated
    from datakit_iac.technologies.technology import technology

    kind = technology(store.connection.technology)
    proposal, adopted = Proposal(resolved.project, "its table"), list[str]()
    declared = {
        kind.address(each.bound.place, store.connection): each.manifest
        for each in resolved.datasets.values()
        if each.bound.store == store.name
    }
    project = resolved.project
    taken = {*project.datasets, *project.groups, *project.stores}
    for table in found:
        if manifest := declared.get(kind.address(table.place, store.connection)):
            if known := proposal.known(manifest):
                proposal.compare(known, updated(known, manifest, table, kind))
            adopted.append(manifest.name)
            continue
        made = dataset(table, store.name, of_place(table.place, taken))
        taken.add(made.manifest.name)
        adopted.append(made.manifest.name)
        proposal.add(made)
    return proposal, adopted


def _found(root: Path, store: ResolvedStore, options: Namespace) -> list[FoundTable]:
    from datakit_iac.cli.secrets import reached
    from datakit_iac.importing.tables import tables
    from datakit_iac.technologies.technology import StoreError, technology

    if not store.is_installed:
        raise exit_codes.UsageError(f"no code of {store.connection.technology} is installed", "`dk doctor`")
    kind = technology(store.connection.technology)
    if not kind.capabilities.keeps_schema:
        raise exit_codes.UsageError(
            f"Store {store.name} is of {kind.name}, which keeps no columns that could be imported",
            "dk dataset create NAME --store STORE --prefix PREFIX",
        )
    try:
        connection = reached(store, root, options.env)
        with waiting(f"reading {store.name}"), kind.open(connection) as session:
            return list(tables(session, options.tables))
    except StoreError as fault:
        raise exit_codes.UsageError(f"Store {store.name}: {fault}", f"dk store show {store.name}") from fault
