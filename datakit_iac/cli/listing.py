"""What the commands that list and show manifests have in common: reading the project, tables, formats."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from datakit_iac.cli import exit_codes
from datakit_iac.cli.lookup import known
from datakit_iac.cli.output.terminal import paint
from datakit_iac.cli.project_scope import Scope, add_path, scope
from datakit_iac.cli.reading import read_and_tell
from datakit_iac.findings.sensitive import REDACTED, hidden, is_reference
from datakit_iac.findings.visible import visible

if TYPE_CHECKING:
    from datakit_iac.manifest.models.document import Manifest
    from datakit_iac.manifest.project import Project

Kind = TypeVar("Kind", bound="Manifest")
Row = Mapping[str, Any]


def add_list(parser: ArgumentParser) -> None:
    """Add the arguments of a command that lists."""
    add_path(parser)
    parser.add_argument("--output", choices=("text", "json"), default="text", help="for people or programs")


def add_show(parser: ArgumentParser, metavar: str) -> None:
    """Add the arguments of a command that shows one manifest."""
    parser.add_argument("name", metavar=metavar, help="its name")
    add_path(parser)
    parser.add_argument(
        "--output", choices=("text", "json", "yaml"), default="text", help="for people, programs or files"
    )


def show_all(
    options: Namespace,
    collection: str,
    row: Callable[[Project, Any], Row],
    *,
    shown: Callable[[Row], Row] = dict,
    among: Callable[[Project], Mapping[str, Any]] | None = None,
) -> int:
    """Print the manifests of one kind, of the selected part of a project.

    Args:
        options: what `add_list` added.
        collection: the kind's name among the project's, e.g. ``datasets``.
        row: the data on each, for programs.
        shown: what people see of a row, by the heading of its column.
        among: the manifests to list, where they are others than the collection's.

    Returns:
        1 where the project has errors, reported on standard error; what is right is listed all the same.
    """
    asked = scope(options.path)
    project, code = _read(asked)
    found = among(project) if among else getattr(project, collection)
    there = [each for each in found.values() if asked.holds(project.origin(each).file)]
    rows = [{**row(project, each), **_place(project, each)} for each in there]
    if options.output == "json":
        print(json.dumps({collection: rows}, indent=2))
    elif rows:
        print("\n".join(table([shown(each) for each in rows])))
    else:
        print(f"no {collection} in {asked.shown}", file=sys.stderr)
    return code


def show_one(
    options: Namespace,
    kind: str,
    collection: str,
    further: Callable[[Project, Any], Mapping[str, Any]],
    text: Callable[[Any, Mapping[str, Any]], Iterator[str]],
    among: Callable[[Project], Mapping[str, Any]] | None = None,
) -> int:
    """Print one manifest and what the project says of it.

    Args:
        options: what `add_show` added.
        kind: its kind.
        collection: the kind's name among the project's.
        further: what the project says of it, e.g. who reads it.
        text: the lines for people, below the first, from the manifest and what `further` made.
        among: the manifests by what they may be called, where that is more than their names.
    """
    project, code = _read(scope(options.path))
    found = known(kind, options.name, among(project) if among else getattr(project, collection))
    said, place = further(project, found), _place(project, found)
    manifest = _without_secrets(found, _secret_fields(project, found))
    if options.output == "yaml":
        print(_as_yaml(manifest), end="")
        return code
    if options.output == "json":
        print(json.dumps({"name": manifest.name, **place, "manifest": document(manifest), **said}, indent=2))
    else:
        painted = paint(sys.stdout)
        print(f"{kind} {painted(manifest.name, 'bold')}  {painted(visible(project.where(found)), 'dim')}")
        print("\n".join(f"  {line}".rstrip() for line in text(manifest, said)))
    return code


def document(manifest: Manifest) -> Any:
    """A manifest as plain JSON, as its author wrote it."""
    plain = manifest.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return {"apiVersion": manifest.api_version, "kind": manifest.kind, **plain}


def table(rows: Sequence[Row]) -> Iterator[str]:
    """Rows below their headings, each column as wide as its widest value; a column without any value is left out."""
    headings = [heading for heading in rows[0] if any(row[heading] not in ("", None) for row in rows)]
    cells = [headings, *([_cell(row[heading]) for heading in headings] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    painted = paint(sys.stdout)
    for number, line in enumerate(cells):
        text = "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip()
        yield painted(text, "dim") if number == 0 else text


def fields(values: Mapping[str, object]) -> Iterator[str]:
    """One line for each value that there is, behind its name."""
    there = {visible(name): _cell(value) for name, value in values.items() if value not in ("", None, [], (), {})}
    width = max(map(len, there), default=0)
    yield from (f"{name:<{width}}  {value}" for name, value in there.items())


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return visible(", ".join(map(str, value)))
    return "" if value is None else visible(str(value))


def _read(asked: Scope) -> tuple[Project, int]:
    project, is_right = read_and_tell(asked.root)
    return project, exit_codes.FINE if is_right else exit_codes.FINDINGS


def _place(project: Project, manifest: Manifest) -> dict[str, Any]:
    file, line, _ = project.where(manifest).rsplit(":", 2)
    return {"file": file, "line": int(line)}


def _as_yaml(manifest: Manifest) -> str:
    from datakit_iac.manifest.writing import to_yaml

    return to_yaml(manifest)


def _without_secrets(manifest: Manifest, secret: Collection[str]) -> Manifest:
    """A manifest as it may be seen: of a Store's connection, what is a secret and no reference to one is hidden."""
    from datakit_iac.manifest.models.store import Store

    if not isinstance(manifest, Store):
        return manifest
    connection = {
        name: REDACTED if name in secret and not is_reference(value) else hidden(value, name)
        for name, value in manifest.spec.connection.items()
    }
    return manifest.model_copy(update={"spec": manifest.spec.model_copy(update={"connection": connection})})


def _secret_fields(project: Project, manifest: Manifest) -> frozenset[str]:
    """The fields that a Store's Connector calls secrets, in any of its versions."""
    from datakit_iac.manifest.models.store import Store

    if not isinstance(manifest, Store):
        return frozenset()
    fields = (field for each in project.editions(manifest.spec.connector) for field in each.spec.connection_schema)
    return frozenset(field.field for field in fields if field.secret)
