"""Check DataSets: one by name, those of a file or folder, or all; by themselves and in one environment.

The project around them is read, so that their references are found; only findings on DataSets are shown.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from datakit_iac.cli import reporting
from datakit_iac.cli.exits import UsageError
from datakit_iac.cli.scope import Scope, scope
from datakit_iac.cli.validate import checked
from datakit_iac.cli.waiting import waiting

if TYPE_CHECKING:
    from datakit_iac.manifest.finding import Finding
    from datakit_iac.manifest.project import Project


def configure(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("asked", nargs="?", default=".", metavar="DATASET|PATH", help="a DataSet's name, or a path")
    parser.add_argument("--env", default="dev", metavar="ENV", help="the environment (default: dev)")
    reporting.add_output(parser)


def run(options: Namespace) -> int:
    """Check and report."""
    path = Path(options.asked)
    asked = scope(options.asked if path.exists() else ".")
    with waiting(f"checking the project for {options.env}"):
        project, findings = checked(asked.root, options.env)
    name = options.asked if _is_named(project, options.asked) else ""
    if not name and not path.exists():
        raise _unknown(project, options.asked)
    if name:
        asked = Scope(asked.root, asked.root)
    there = [each for each in project.datasets.values() if each.name == name or not name]
    there = [each for each in there if asked.holds(project.origin(each).file)]
    own = list(_of_datasets(asked.of(findings), name))
    if not there and not own:
        raise UsageError(f"no DataSet is in {asked.shown}", "`dk dataset create` writes one")
    return reporting.conclude(name or asked.shown, len(there), own, options)


def _is_named(project: Project, text: str) -> bool:
    return text in project.datasets or ("DataSet", text) in project.broken


def _unknown(project: Project, text: str) -> UsageError:
    from datakit_iac.manifest.finding import nearest

    names = {*project.datasets, *(name for kind, name in project.broken if kind == "DataSet")}
    return UsageError(f"there is no DataSet, file or folder {text!r} here", nearest(text, names))


def _of_datasets(findings: Sequence[Finding], name: str) -> Iterator[Finding]:
    """Those that stand in the document of a DataSet, or where it cannot be told what stands there."""
    texts = {file: _text(file) for file in {found.file for found in findings}}
    documents = {file: list(_documents(text)) for file, text in texts.items()}
    for found in findings:
        above = [(kind, named) for line, kind, named in documents[found.file] if line <= found.line]
        kind, named = above[-1] if above else ("", "")
        if (kind == "DataSet" and name in ("", named)) or (not kind and name in texts[found.file]):
            yield found


def _documents(text: str) -> Iterator[tuple[int, str, str]]:
    """First line, kind and name of each document; nothing where the text is no YAML."""
    import yaml

    from datakit_iac.manifest.positions import first_line

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
