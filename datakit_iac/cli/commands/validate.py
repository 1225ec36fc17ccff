"""Check a whole project for one environment: bindings, versions, secrets' variables, and every job.

Nothing is reached and nothing is run. A file or folder is checked with the project around it; only its own findings
are shown.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from datakit_iac.checks.tolerance import NOT_INSTALLED, UNKNOWN_FIELD, of_checking, of_reading
from datakit_iac.cli.output import report
from datakit_iac.cli.output.spinner import waiting
from datakit_iac.cli.project_scope import add_path, scope
from datakit_iac.cli.reading import read
from datakit_iac.cli.secrets import secrets

if TYPE_CHECKING:
    from datakit_iac.findings.finding import Finding
    from datakit_iac.manifest.project import Project


def configure(parser: ArgumentParser) -> None:
    add_path(parser)
    parser.add_argument("--env", default="dev", metavar="ENV", help="the environment (default: dev)")
    report.add_output(parser)


def run(options: Namespace) -> int:
    asked = scope(options.path)
    with waiting(f"checking the project for {options.env}"):
        project, findings = checked(asked.root, options.env, asked.file)
    return report.report(asked, project, asked.of(findings), options)


def checked(root: Path, environment: str, named: Path | None = None) -> tuple[Project, list[Finding]]:
    """The manifests below a folder, and everything that is wrong with them in an environment.

    What is not installed here is a warning: only where the project is planned and applied must it be there. So is an
    unknown field, unless the environment demands exact pins.
    """
    from datakit_iac.checks.validate import validate
    from datakit_iac.findings.finding import InvalidProjectError

    project, findings = read(root, named=named)
    try:
        resolved, found = validate(project, environment, secrets(root, environment))
    except InvalidProjectError as invalid:
        return project, [*of_reading(project, findings), *invalid.findings]
    is_exact = resolved.environment.spec.versions == "exact"
    read_so = findings if is_exact else of_reading(project, findings)
    codes = NOT_INSTALLED if is_exact else (*NOT_INSTALLED, UNKNOWN_FIELD)
    # The check tells the warnings of reading too, as the environment takes them.
    return project, [*{*read_so}.difference(project.warnings), *of_checking(found, codes)]
