"""Check DataSets, by name or those of files and folders, or all; by themselves and in one environment.

The project around them is read, so that their references are found; only findings on DataSets are shown. Whatever the
policies ask of outputs, a DataSet that holds personal data must have a classification here.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from datakit_iac.cli.commands.validate import checked
from datakit_iac.cli.exit_codes import UsageError
from datakit_iac.cli.output import report
from datakit_iac.cli.output.spinner import waiting
from datakit_iac.cli.project_scope import Scope, scope

if TYPE_CHECKING:
    from datakit_iac.findings.finding import Finding
    from datakit_iac.manifest.project import Project


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("asked", nargs="*", metavar="DATASET|PATH", help="names and paths (default: all that are here)")
    parser.add_argument("--env", default="dev", metavar="ENV", help="the environment (default: dev)")
    report.add_output(parser)


def run(options: Namespace) -> int:
    asked = options.asked or ["."]
    checks: dict[Path, tuple[Project, list[Finding]]] = {}
    counted: set[str] = set()
    found: dict[Finding, None] = {}
    for each in asked:
        part = scope(each if Path(each).exists() else ".")
        if part.root not in checks:
            with waiting(f"checking the project for {options.env}"):
                checks[part.root] = checked(part.root, options.env)
        there, own = _of(each, part, *checks[part.root])
        counted |= there
        found |= dict.fromkeys(own)
    shown = ", ".join(each if not Path(each).exists() else scope(each).shown for each in asked)
    return report.conclude(shown, len(counted), list(found), options)


def _of(asked: str, part: Scope, project: Project, findings: Sequence[Finding]) -> tuple[set[str], list[Finding]]:
    """The DataSets that a name or a path means, and what is wrong with them."""
    name = asked if _is_named(project, asked) else ""
    if not name and not Path(asked).exists():
        raise _unknown(project, asked)
    if name:
        part = Scope(part.root, part.root)
    named = (each for each in project.datasets.values() if each.name == name or not name)
    there = {each.name for each in named if part.holds(project.origin(each).file)}
    unclassified = [_unclassified(project, each) for each in sorted(there) if _is_unclassified(project, each)]
    own = [*_of_datasets(part.of(findings), name), *(each for each in unclassified if not _is_told(each, findings))]
    if not there and not own:
        raise UsageError(f"no DataSet is in {part.shown}", "`dk dataset create` writes one")
    return there, own


def _is_unclassified(project: Project, name: str) -> bool:
    spec = project.datasets[name].spec
    return spec.classification is None and any(column.pii for column in spec.columns)


def _unclassified(project: Project, name: str) -> Finding:
    dataset = project.datasets[name]
    personal = ", ".join(column.name for column in dataset.spec.columns if column.pii)
    message = f"DataSet {name} holds personal data ({personal}) and has no classification"
    return project.origin(dataset).finding("pii-unclassified", message, ("spec",), hint="classification: confidential")


def _is_told(found: Finding, findings: Sequence[Finding]) -> bool:
    """Whether a policy says the same of it already."""
    return any(
        each.code == "classification-required" and (each.file, each.line) == (found.file, found.line)
        for each in findings
    )


def _is_named(project: Project, text: str) -> bool:
    return text in project.datasets or ("DataSet", text) in project.broken


def _unknown(project: Project, text: str) -> UsageError:
    from datakit_iac.findings.nearest import nearest

    names = {*project.datasets, *(name for kind, name in project.broken if kind == "DataSet")}
    return UsageError(f"unknown DataSet, file or folder {text!r}", nearest(text, names))


def _of_datasets(findings: Sequence[Finding], name: str) -> Iterator[Finding]:
    """Those that are in the document of a DataSet, or where it is not known what is there."""
    texts = {file: _text(file) for file in {found.file for found in findings}}
    documents = {file: list(_documents(text)) for file, text in texts.items()}
    for found in findings:
        above = [(kind, named) for line, kind, named in documents[found.file] if line <= found.line]
        kind, named = above[-1] if above else ("", "")
        if (kind == "DataSet" and name in ("", named)) or (not kind and name in texts[found.file]):
            yield found


def _documents(text: str) -> Iterator[tuple[int, str, str]]:
    """First line, kind and name of each document; nothing where the text is not valid YAML."""
    import yaml

    from datakit_iac.findings.positions import first_line

    try:
        documents = list(yaml.load_all(text, Loader=yaml.CSafeLoader))
    except (yaml.YAMLError, ValueError):
        return
    for number, document in enumerate(documents):
        if isinstance(document, dict):
            metadata = document.get("metadata")
            name = metadata.get("name") if isinstance(metadata, dict) else ""
            yield first_line(text, number), str(document.get("kind", "")), str(name)


def _text(file: str) -> str:
    return Path(file).read_text(encoding="utf-8", errors="replace") if Path(file).is_file() else ""
