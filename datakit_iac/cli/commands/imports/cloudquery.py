"""Write the Connectors, Stores, DataSets and Transforms of a CloudQuery sync specification.

Every table is named: a pattern that only the plugin can resolve is refused. Secrets become ${VARIABLE} references, and
their values are not written; other references stay. What cannot be carried over is listed with its line. Relative paths
count from the folder of FILE. Manifests that differ are shown and stay unless --force. Repeated, it does nothing.
"""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from datakit_iac.cli import environments, exit_codes
from datakit_iac.cli.project_scope import add_path, scope
from datakit_iac.cli.scaffold import files
from datakit_iac.cli.scaffold.proposal import Proposal, add_options

if TYPE_CHECKING:
    from datakit_iac.contract.connection import Connection
    from datakit_iac.manifest.models.dataset import Place
    from datakit_iac.technologies.technology import TableState


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="the specification: sources and destinations, in one file")
    add_path(parser)
    add_options(parser)


def run(options: Namespace) -> int:
    from datakit_iac.importing.cloudquery import Import
    from datakit_iac.importing.sync_spec import SpecError, read

    file = Path(options.file)
    if not file.is_file():
        raise exit_codes.UsageError(f"there is no file {options.file}")
    project = environments.readable(scope(options.path).root)
    if project is None:
        return exit_codes.FINDINGS
    result = Import(project, _local(file.absolute().parent, project.root), _describe(project.root))
    try:
        sources, destinations, notes = read(file, files.shown(file.absolute()))
        if not sources:
            raise SpecError(f"{options.file} has no document of kind source")
        result.notes += notes
        result.of(sources, destinations)
    except SpecError as fault:
        raise exit_codes.UsageError(f"{fault}; nothing was written") from fault
    proposal = Proposal(project, "the specification", notes=result.notes)
    for each in result.found:
        proposal.add(each)
    proposal.carry_out(options, f"{options.file}: every manifest is there")
    return exit_codes.FINE


def _local(folder: Path, root: Path) -> Callable[[str], str]:
    """A path of the specification, counted from the project's folder."""

    def local(path: str) -> str:
        if path.startswith(("/", "~", "package:", "${", ":")) or "://" in path:
            return path
        return Path(os.path.relpath(folder / path, root)).as_posix()

    return local


def _describe(root: Path) -> Callable[[Connection, Place], TableState | None]:
    """What the catalog of a Store shows at a place; nothing where it cannot be opened."""

    def describe(connection: Connection, place: Place) -> TableState | None:
        from datakit_iac.importing.catalog import described
        from datakit_iac.technologies.technology import StoreError, technologies, technology

        if connection.technology not in technologies():
            return None
        path = connection.options.get("path")
        if isinstance(path, str) and not path.startswith(("/", "~")):
            connection = type(connection)(connection.technology, {**connection.options, "path": str(root / path)})
        try:
            with technology(connection.technology).open(connection) as session:
                return described(session, place)
        except StoreError:
            return None

    return describe
