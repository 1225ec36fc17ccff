"""A CloudQuery sync specification: the sources and destinations of its documents, each field with its line.

Source: https://docs.cloudquery.io/docs/reference/source-spec and …/destination-spec.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from datakit_iac.manifest.values.write_mode import DELETE_STALE, WriteMode

DEFAULT_MODE: Final[WriteMode] = DELETE_STALE
_CARRIED: Final = {
    "source": ("name", "path", "registry", "version", "tables", "skip_tables", "destinations", "spec"),
    "destination": ("name", "path", "registry", "version", "write_mode", "spec"),
}
_AS_HERE: Final = {"migrate_mode": "safe", "pk_mode": "default", "deterministic_cq_id": False}
"""Settings with the value that a Transform has anyway."""


class SpecError(Exception):
    """The file is not a specification that can be imported; the text says where and why."""


Step = str | int


@dataclass(frozen=True, slots=True)
class Plugin:
    """A document: a source or a destination.

    Attributes:
        kind: which of the two.
        fields: what it says below ``spec``.
        file: its file, as people know it.
        lines: the line of each field, by its path below ``spec``.
    """

    kind: str
    fields: Mapping[str, Any]
    file: str
    lines: Mapping[tuple[Step, ...], int]

    @property
    def name(self) -> str:
        """The name by which documents refer to it."""
        return str(self.fields["name"])

    @property
    def path(self) -> str:
        """The plugin's path; in old specifications it follows from the name."""
        return str(self.fields.get("path") or f"cloudquery/{self.name}")

    @property
    def options(self) -> Mapping[str, Any]:
        """The plugin's own spec."""
        return self.fields.get("spec") or {}

    def texts(self, field: str) -> list[str]:
        """A list of texts.

        Raises:
            SpecError: it is something else.
        """
        value = self.fields.get(field) or []
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise SpecError(f"{self.at(field)}: `{field}` of {self} is not a list of texts")
        return value

    def at(self, *path: Step) -> str:
        """``FILE:LINE`` of a field, or of what it is in."""
        while path and path not in self.lines:
            path = path[:-1]
        return f"{self.file}:{self.lines.get(path, 1)}"

    def left(self) -> Iterator[str]:
        """The fields that cannot be carried over, each as a note."""
        for name, value in self.fields.items():
            if name not in _CARRIED[self.kind] and _AS_HERE.get(name) != value:
                yield f"{self.at(name)}: `{name}` of {self} is not carried over"

    def __str__(self) -> str:
        """Kind and name."""
        return f"{self.kind} {self.name}"


def read(file: Path, shown: str) -> tuple[list[Plugin], list[Plugin], list[str]]:
    """The sources and the destinations of a file, and what else is in it, each as a note.

    Args:
        file: the file.
        shown: the file as people know it.

    Raises:
        SpecError: it is not YAML, or a document has no name.
    """
    try:
        text = file.read_text(encoding="utf-8")
        nodes = [each for each in yaml.compose_all(text, Loader=yaml.SafeLoader) if each is not None]
        documents = [each for each in yaml.safe_load_all(text) if each is not None]
    except UnicodeDecodeError as fault:
        raise SpecError(f"{shown}: not UTF-8") from fault
    except yaml.YAMLError as fault:
        mark = getattr(fault, "problem_mark", None)
        where = f"{shown}:{mark.line + 1}" if mark else shown
        raise SpecError(
            f"{where}: not valid YAML: {getattr(fault, 'problem', None)}; quote ${{…}} in [] and {{}}"
        ) from None
    found: dict[str, list[Plugin]] = {"source": [], "destination": []}
    notes = list[str]()
    for node, document in zip(nodes, documents, strict=True):
        where = f"{shown}:{node.start_mark.line + 1}"
        kind, fields = (document.get(each) if isinstance(document, dict) else None for each in ("kind", "spec"))
        if kind not in found:
            notes.append(f"{where}: kind {kind!r} is not carried over; expected source or destination")
            continue
        if not isinstance(fields, dict) or not isinstance(fields.get("name"), str) or not fields["name"]:
            raise SpecError(f"{where}: the {kind} has no `spec` with a `name`")
        if not isinstance(fields.get("spec") or {}, dict):
            raise SpecError(f"{where}: `spec` of {kind} {fields['name']} is not a mapping")
        lines = {path[1:]: line for path, line in _lines(node) if path[:1] == ("spec",)}
        found[kind].append(Plugin(kind, fields, shown, lines))
    return found["source"], found["destination"], notes


def _lines(node: yaml.Node, path: tuple[Step, ...] = ()) -> Iterator[tuple[tuple[Step, ...], int]]:
    yield path, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            for below, line in _lines(value, (*path, str(key.value))):
                yield below, key.start_mark.line + 1 if len(below) == len(path) + 1 else line
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _lines(value, (*path, index))
