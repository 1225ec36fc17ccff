"""Check manifests, each by itself, and the references between them.

A file or folder is seen with the project around it, so that its references are found; only its own findings are shown.
Names that are not declared are warnings in files that are no project: what they mean may be declared elsewhere.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from datakit_iac.cli import reporting
from datakit_iac.cli.scope import add_path, pulumi_project, scope
from datakit_iac.cli.tolerance import UNKNOWN_FIELD, of_checking, of_reading
from datakit_iac.cli.waiting import waiting

if TYPE_CHECKING:
    from datakit_iac.manifest.finding import Finding
    from datakit_iac.manifest.project import Project

_UNDECLARED: Final = ("unknown-connector", "unknown-store", "unknown-dataset", "unmatched-tags")


def configure(parser: ArgumentParser) -> None:
    """Add the arguments."""
    add_path(parser)
    reporting.add_output(parser)


def run(options: Namespace) -> int:
    """Check and report."""
    from datakit_iac.manifest.load import read

    asked = scope(options.path)
    with waiting("checking manifests"):
        project, findings = read(asked.root, as_records=True, named=asked.file)

        # after reading, which goes on while they are imported
        from datakit_iac.environment.unguarded import unguarded
        from datakit_iac.manifest.connections import connections
        from datakit_iac.manifest.references import references
        from datakit_iac.pipeline.graph import build

        checks = [*build(project)[1], *references(project), *connections(project), *unguarded(project)]
        if project.policies:
            from datakit_iac.policy.declared import declared

            checks += declared(project)[1]
    findings = [*of_reading(project, findings), *of_checking(checks, (UNKNOWN_FIELD,))]
    if not _is_project(asked.root, project):
        findings = [_loosely(found) for found in findings]
    own = asked.of(findings)
    return reporting.report(asked, project, own, options)


def _is_project(root: Path, project: Project) -> bool:
    """Whether the manifests are a whole: there is an Environment among them, or a Pulumi project here or above."""
    has_environment = project.environments or any(kind == "Environment" for kind, _ in project.broken)
    return bool(has_environment) or pulumi_project(root) is not None


def _loosely(found: Finding) -> Finding:
    return replace(found, severity="warning") if found.code in _UNDECLARED else found
