"""What an import would write: new manifests, and how those that are there differ from what was found."""

from __future__ import annotations

import difflib
import json
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datakit_iac.cli.scaffold import files
from datakit_iac.cli.scaffold.layout import place
from datakit_iac.manifest.writing import to_yaml

if TYPE_CHECKING:
    from datakit_iac.importing.found import Found
    from datakit_iac.manifest.models.document import Manifest
    from datakit_iac.manifest.project import Project
    from datakit_iac.manifest.values.types import DataType


def add_options(parser: ArgumentParser) -> None:
    """Add what every import has."""
    parser.add_argument("--force", action="store_true", help="bring manifests that differ up to date; shown first")
    parser.add_argument("--output", choices=("text", "json"), default="text", help="for people or programs")


@dataclass
class Proposal:
    """The manifests that an import comes to.

    Attributes:
        project: the project that they are for.
        source: what a manifest that is there is compared with, e.g. ``its table``.
        canonical: the type as which the Store reads one back.
        new: those that are not there yet.
        differing: by kind and name of one that is there, the lines of the difference.
        notes: what could not be carried over, or is to be looked at.
    """

    project: Project
    source: str
    canonical: Callable[[DataType], DataType] = lambda each: each
    new: list[Found] = field(default_factory=list)
    differing: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    _texts: dict[Path, str] = field(default_factory=dict)
    _updates: dict[Path, str] = field(default_factory=dict)

    def known(self, manifest: Manifest) -> Found | None:
        """The manifest of the same kind and name that is there, with what is guessed in it."""
        from datakit_iac.importing.found import read

        there = next((each for each in self.project if (each.kind, each.name) == (manifest.kind, manifest.name)), None)
        return read(there, self._document(there)) if there else None

    def add(self, found: Found) -> None:
        """Propose a manifest; of one that is there, what was found is put over it."""
        known = self.known(found.manifest)
        if known is None:
            self.new.append(found)
            self._texts[place(self.project, found.manifest.kind, found.manifest.name)] = found.text
        else:
            self.compare(known, found.over(known, self.canonical))

    def compare(self, known: Found, changed: Found) -> None:
        """Hold a manifest that is there against what it would be."""
        if known == changed:
            return
        origin = self.project.origin(known.manifest)
        if origin.declared_at:
            where = self.project.where(known.manifest)
            self.notes.append(f"{where}: {known.manifest.name} differs, and is Python, which is not changed here")
            return
        name = files.shown(origin.file)
        lines = difflib.unified_diff(
            known.text.splitlines(), changed.text.splitlines(), name, self.source, lineterm="", n=1
        )
        if not (difference := list(lines)):
            return
        self.differing[f"{known.manifest.kind} {known.manifest.name}"] = difference
        text = self._updates.get(origin.file) or origin.file.read_text(encoding="utf-8")
        self._updates[origin.file] = _replaced(text, origin.document, changed.text)

    def write(self, *, force: bool) -> files.Written:
        """Write what is new and, with `force`, what differs, all or nothing; what is replaced is kept as ``.orig``.

        Raises:
            UsageError: a file for a new manifest is there already; nothing was written.
            OSError: something cannot be written; nothing is left of it.
        """
        if force and self._updates:
            files.demand_free(self._texts)
            return files.write({**self._texts, **self._updates}, force=True)
        return files.write(self._texts)

    def carry_out(self, options: Namespace, nothing_new: str, **more: Any) -> None:
        """Write it, and say what was written and what differs.

        Args:
            options: those of `add_options`.
            nothing_new: what people are told where everything is there, as it was found.
            more: what else the JSON has.

        Raises:
            UsageError: see `write`.
            OSError: see `write`.
        """
        written = self.write(force=options.force)
        if options.output == "text" and not (self.new or self.differing):
            print(nothing_new)
        self._tell(options, written, more)

    def _tell(self, options: Namespace, written: files.Written, more: Mapping[str, Any]) -> None:
        if options.output == "json":
            print(json.dumps({**self._as_dict(), **more, **written.as_dict()}, indent=2))
            return
        for found in self.new:
            print(_line(found))
        for line in written.lines():
            print(line)
        for name, lines in self.differing.items():
            print(f"{name} differs from {self.source}:")
            print("\n".join(f"  {line}" for line in lines))
        for note in self.notes:
            print(f"note: {note}", file=sys.stderr)
        if self.differing and not options.force:
            left = ", ".join(self.differing)
            print(f"{left}: left as written; --force takes what {self.source} says", file=sys.stderr)

    def _as_dict(self) -> Mapping[str, Any]:
        return {
            "manifests": [
                {
                    "kind": each.manifest.kind,
                    "name": each.manifest.name,
                    **_place(each),
                    "guessed": sorted(each.guessed),
                }
                for each in self.new
            ],
            "differing": self.differing,
            "notes": self.notes,
        }

    def _document(self, manifest: Manifest) -> str:
        origin = self.project.origin(manifest)
        if origin.declared_at:
            return to_yaml(manifest)
        text = origin.file.read_text(encoding="utf-8")
        first, last = _span(text, origin.document)
        return text[first:last]


def _place(found: Found) -> dict[str, str]:
    at = getattr(found.manifest.spec, "place", None)
    return {"place": str(at)} if at else {}


def _line(found: Found) -> str:
    manifest, parts = found.manifest, [*_place(found).values()]
    if columns := getattr(manifest.spec, "columns", ()):
        parts.append(f"{len(columns)} column{'' if len(columns) == 1 else 's'}")
    return f"{manifest.kind} {manifest.name}{': ' if parts else ''}{', '.join(parts)}{''.join(_guesses(found))}"


def _guesses(found: Found) -> Iterator[str]:
    from datakit_iac.importing.found import pii

    columns = getattr(found.manifest.spec, "columns", ())
    if personal := [each.name for each in columns if each.pii and pii(each.name) in found.guessed]:
        yield f"; personal data guessed: {', '.join(personal)}"
    if "classification" in found.guessed:
        yield f"; classification guessed: {found.manifest.spec.classification}"


def _span(text: str, document: int) -> tuple[int, int]:
    import yaml

    # The parser in Python counts characters; the C library's marks may count otherwise.
    node = list(yaml.compose_all(text, Loader=yaml.SafeLoader))[document]
    return node.start_mark.index, node.end_mark.index


def _replaced(text: str, document: int, by: str) -> str:
    first, last = _span(text, document)
    return f"{text[:first]}{by}{text[last:].lstrip(os.linesep)}"
