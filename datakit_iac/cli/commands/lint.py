"""Check manifests, each by itself, and the references between them.

A file or folder is seen with the project around it, so that its references are found; only its own findings are shown.
Names that are not declared are warnings in files that are not a project: what they mean may be declared elsewhere.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from datakit_iac.cli.output import report
from datakit_iac.cli.output.spinner import waiting
from datakit_iac.cli.project_scope import add_path, pulumi_project, scope
from datakit_iac.cli.reading import read

if TYPE_CHECKING:
    from datakit_iac.manifest.project import Project


def configure(parser: ArgumentParser) -> None:
    add_path(parser)
    report.add_output(parser)


def run(options: Namespace) -> int:
    from datakit_iac.checks.lint import lint

    asked = scope(options.path)
    with waiting("checking manifests"):
        project, findings = read(asked.root, named=asked.file)
        findings = lint(project, findings, is_whole=_is_project(asked.root, project))
    return report.report(asked, project, asked.of(findings), options)


def _is_project(root: Path, project: Project) -> bool:
    """Whether the manifests are a whole: there is an Environment among them, or a Pulumi project here or above."""
    has_environment = project.environments or any(kind == "Environment" for kind, _ in project.broken)
    return bool(has_environment) or pulumi_project(root) is not None
