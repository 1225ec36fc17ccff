"""Write DataSets for the tables that are in a Store, and take the tables over into the stack's state.

Types, keys and descriptions are the catalog's; columns whose names suggest personal data are marked as `# guessed`.
Tables that a DataSet declares already are compared with it, which stays as it is unless --force. Repeated, it does
nothing.
"""

from __future__ import annotations

import difflib
import json
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datakit_iac.cli import environments, exit_codes, pulumi_process
from datakit_iac.cli.lookup import known
from datakit_iac.cli.output.spinner import waiting
from datakit_iac.cli.project_scope import add_path, scope
from datakit_iac.cli.scaffold import files

if TYPE_CHECKING:
    from datakit_iac.environment.model import ResolvedProject, ResolvedStore
    from datakit_iac.importing.tables import FoundTable
    from datakit_iac.manifest.models.dataset import DataSet


def configure(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("store", metavar="STORE", help="the Store's name")
    add_path(parser)
    pulumi_process.add_environment(parser)
    parser.add_argument(
        "--tables", action="append", default=[], metavar="PATTERN", help="only those that fit, e.g. 'raw.*'; repeatable"
    )
    parser.add_argument("--no-apply", action="store_true", help="only write manifests; the state stays as it is")
    parser.add_argument("--force", action="store_true", help="bring DataSets that differ from their tables up to date")
    pulumi_process.add_yes(parser)
    parser.add_argument("--output", choices=("text", "json"), default="text", help="for people or programs")


def run(options: Namespace) -> int:
    """Read the catalog, write the manifests, and apply."""
    project = environments.readable(scope(options.path).root)
    if project is None:
        return exit_codes.FINDINGS
    resolved = environments.resolved(project, options.env)
    store = known("Store", options.store, resolved.stores)
    result = _Import(resolved, store).of(_found(project.root, store, options))
    if options.force:
        for file, text in result.updates.items():
            files.replace(file, text)
    written = files.write(result.texts)
    _tell(options, result, written)
    if options.no_apply or not result.adopted:
        return exit_codes.FINE
    return pulumi_process.pulumi(
        "up",
        options.env,
        yes=options.yes,
        variables={**os.environ, "DATAKIT_ADOPT": ",".join(result.adopted)},
        aside=options.output == "json",
    )


@dataclass
class _Import:
    """What an import comes to.

    Attributes:
        resolved: the project in its environment.
        store: the Store.
        texts: the new manifests, by file.
        new: the DataSets of them.
        differing: by DataSet that is declared already, how its manifest differs from its table.
        updates: the text that a file would have without that difference.
        adopted: the DataSets whose tables are to be taken over.
    """

    resolved: ResolvedProject
    store: ResolvedStore
    texts: dict[Path, str] = field(default_factory=dict)
    new: list[DataSet] = field(default_factory=list)
    differing: dict[str, list[str]] = field(default_factory=dict)
    updates: dict[Path, str] = field(default_factory=dict)
    adopted: list[str] = field(default_factory=list)

    def of(self, found: list[FoundTable]) -> _Import:
        """With what was found."""
        from datakit_iac.technologies.technology import technology

        connection = self.store.connection
        address = technology(connection.technology).address
        declared = {
            address(each.bound.place, connection): each.manifest
            for each in self.resolved.datasets.values()
            if each.bound.store == self.store.name
        }
        for table in found:
            if manifest := declared.get(address(table.place, connection)):
                self._compare(manifest, table)
                self.adopted.append(manifest.name)
            else:
                self._add(table)
        return self

    def _add(self, table: FoundTable) -> None:
        from datakit_iac.cli.scaffold.layout import place
        from datakit_iac.importing.tables import dataset, text

        project = self.resolved.project
        taken = {*project.datasets, *project.groups, *project.stores, *(each.name for each in self.new)}
        made = dataset(table, self.store.name, taken)
        self.new.append(made)
        self.adopted.append(made.name)
        self.texts[place(project, "DataSet", made.name)] = text(made)

    def _compare(self, manifest: DataSet, table: FoundTable) -> None:
        from datakit_iac.importing.tables import text, updated
        from datakit_iac.technologies.technology import technology

        origin = self.resolved.project.origin(manifest)
        changed = updated(manifest, table, technology(self.store.connection.technology))
        if changed == manifest:
            return
        before, after = text(manifest), text(changed)
        name = files.shown(origin.file)
        lines = difflib.unified_diff(before.splitlines(), after.splitlines(), name, "its table", lineterm="", n=1)
        self.differing[manifest.name] = list(lines)
        if before == origin.file.read_text(encoding="utf-8"):
            self.updates[origin.file] = after


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


def _tell(options: Namespace, result: _Import, written: files.Written) -> None:
    if options.output == "json":
        print(json.dumps(_as_dict(result, written), indent=2))
        return
    if not (result.new or result.differing):
        print(f"{options.store}: every table has its DataSet")
    for manifest in result.new:
        guessed = [column.name for column in manifest.spec.columns if column.pii]
        hint = f"; personal data guessed: {', '.join(guessed)}" if guessed else ""
        print(f"DataSet {manifest.name}: {manifest.spec.place}, {len(manifest.spec.columns)} columns{hint}")
    for line in written.lines():
        print(line)
    for name, lines in result.differing.items():
        print(f"DataSet {name} differs from its table:")
        print("\n".join(f"  {line}" for line in lines))
    left = result.differing if not options.force else {}
    if left:
        print(f"{', '.join(left)}: left as written; --force takes what the tables say", file=sys.stderr)


def _as_dict(result: _Import, written: files.Written) -> Mapping[str, Any]:
    return {
        "datasets": [
            {
                "name": each.name,
                "place": str(each.spec.place),
                "guessed": [column.name for column in each.spec.columns if column.pii],
            }
            for each in result.new
        ],
        "differing": result.differing,
        "adopted": result.adopted,
        **written.as_dict(),
    }
