"""Write datakit.lock: the versions that each environment chose, with digests of what they are.

It is beside the manifests and belongs under version control. Where an environment says `versions: exact`, nothing
is applied unless it is there and up to date.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Final

from datakit_iac.cli import environments, exit_codes
from datakit_iac.cli.output import report
from datakit_iac.cli.project_scope import Scope, add_path, scope

if TYPE_CHECKING:
    from datakit_iac.environment.model import ResolvedProject
    from datakit_iac.manifest.project import Project

_NOT_CHOSEN: Final = ("connector-version", "unknown-connector", "dataset-version", "invalid-value")
"""Findings of a project that leave a version open, so that there is nothing to write down."""


def configure(parser: ArgumentParser) -> None:
    add_path(parser)
    parser.add_argument("--env", metavar="ENV", help="this environment alone (default: all of them)")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where the file is not up to date")
    report.add_output(parser)


def run(options: Namespace) -> int:
    asked = scope(options.path)
    project = environments.readable(asked.root)
    if project is None:
        return exit_codes.FINDINGS
    names = [options.env] if options.env else list(project.environments)
    found = [environments.resolved(project, name) for name in names]
    if options.check:
        return _check(asked, project, found, options)
    wrong = [each for one in found for each in one.findings if each.code in _NOT_CHOSEN and each.severity == "error"]
    if wrong:
        report.tell(wrong, sys.stderr)
        return exit_codes.FINDINGS
    _write(asked, found)
    return exit_codes.FINE


def _check(asked: Scope, project: Project, found: list[ResolvedProject], options: Namespace) -> int:
    from datakit_iac.environment.lockfile import compared

    return report.report(asked, project, [each for one in found for each in compared(one)], options)


def _write(asked: Scope, found: list[ResolvedProject]) -> None:
    from datakit_iac.environment import lockfile

    try:
        kept = lockfile.load(asked.root) or {}
    except lockfile.LockError:
        kept = {}  # it is made again
    current = {name: each for name, each in kept.items() if any(name in one.project.environments for one in found)}
    is_new = lockfile.write(asked.root, {**current, **{one.environment.name: lockfile.entry(one) for one in found}})
    said = "written" if is_new else "is up to date"
    print(f"{lockfile.NAME} {said}: {', '.join(sorted(one.environment.name for one in found))}")
