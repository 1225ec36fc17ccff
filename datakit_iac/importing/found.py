"""A manifest of what exists already: what in it is guessed, and how it differs from the project's own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from datakit_iac.manifest.models.document import Manifest
from datakit_iac.manifest.values.types import DataType
from datakit_iac.manifest.writing import to_yaml

CLASSIFICATION: Final = "classification"
_MARK: Final = "  # guessed"
_NAME: Final = re.compile(r"^\s*- name: (.+)$")
_GUESS: Final = re.compile(rf"^\s+(?:- )?(pii|classification): \w+({_MARK})?$")


def pii(column: str) -> str:
    """What a guess is called at whether a column holds personal data; the case of letters is not a difference."""
    return f"{column.lower()}.pii"


@dataclass(frozen=True, slots=True)
class Found:
    """A manifest as it was found.

    Attributes:
        manifest: the manifest.
        guessed: what nothing says and was guessed: ``classification``, or what `pii` says of a column.
        has_all_columns: whether a DataSet has no other columns than these, as a catalog says it.
    """

    manifest: Manifest
    guessed: frozenset[str] = frozenset()
    has_all_columns: bool = False

    @property
    def text(self) -> str:
        """The manifest as YAML, in which each guess says that it is one."""
        lines = to_yaml(self.manifest).splitlines()
        marks = {number for number, guess, _ in _guessable(lines) if guess in self.guessed}
        return "".join(f"{line}{_MARK if number in marks else ''}\n" for number, line in enumerate(lines))

    def over(self, known: Found, canonical: Callable[[DataType], DataType] = lambda each: each) -> Found:
        """What is known, with what was found; what only the known one says stays, and so does what was guessed here.

        Args:
            known: the manifest that is there.
            canonical: the type as which the Store reads one back: types that are equal by it are not a difference.
        """
        before, after = (_dumped(each.manifest) for each in (known, self))
        added = {*self.guessed} - {*_said(before)}
        _without(after, {*self.guessed} - added)
        merged = _over(before, after, canonical, complete=self.has_all_columns)
        manifest = type(self.manifest).model_validate(merged, strict=False)
        return Found(manifest, frozenset({*known.guessed, *added} & {*_said(merged)}))


def read(manifest: Manifest, text: str) -> Found:
    """A manifest that is there, with what its text marks as guessed."""
    return Found(manifest, frozenset(guess for _, guess, is_marked in _guessable(text.splitlines()) if is_marked))


def _guessable(lines: list[str]) -> Iterator[tuple[int, str, bool]]:
    """The lines that may be guessed: number, what it is a guess of, whether it is marked as one."""
    column = ""
    for number, line in enumerate(lines):
        if named := _NAME.match(line):
            column = str(yaml.safe_load(named[1]))
        elif said := _GUESS.match(line):
            yield number, CLASSIFICATION if said[1] == CLASSIFICATION else pii(column), bool(said[2])


def _dumped(manifest: Manifest) -> dict[str, Any]:
    dumped = manifest.model_dump(by_alias=True, exclude_defaults=True)
    spec = dumped["spec"]
    if (section := getattr(manifest.spec, "cloudquery", None)) is not None:
        spec["cloudquery"] = {**spec["cloudquery"], "writeMode": section.write_mode}
    return dumped


def _said(dumped: Mapping[str, Any]) -> Iterator[str]:
    """What may be guessed and is there."""
    spec = dumped["spec"]
    if CLASSIFICATION in spec:
        yield CLASSIFICATION
    yield from (pii(column["name"]) for column in spec.get("schema", ()) if column.get("pii") is not None)


def _without(dumped: dict[str, Any], guesses: set[str]) -> None:
    if CLASSIFICATION in guesses:
        dumped["spec"].pop(CLASSIFICATION, None)
    for column in dumped["spec"].get("schema", ()):
        if pii(column["name"]) in guesses:
            column.pop("pii", None)


def _over(known: Any, found: Any, canonical: Callable[[DataType], DataType], *, complete: bool, at: str = "") -> Any:
    if at == "dbt":
        return found
    if isinstance(known, dict) and isinstance(found, dict):
        merged = {
            name: _over(known[name], each, canonical, complete=complete, at=name) if name in known else each
            for name, each in found.items()
        }
        return {**known, **merged}
    if at == "schema":
        return _columns(known, found, canonical, complete=complete)
    if at == "tests":
        return [*known, *(each for each in found if each not in known)]
    if at in ("inputs", "outputs"):
        there = {each.get("dataset"): each for each in known}
        return [there.get(each["dataset"], each) for each in found]
    return found


def _columns(known: Any, found: Any, canonical: Callable[[DataType], DataType], *, complete: bool) -> list[Any]:
    there = {each["name"].lower(): each for each in known}
    columns = []
    for each in found:
        before = there.pop(each["name"].lower(), None)
        if before is None:
            columns.append(each)
            continue
        types = [canonical(DataType.parse(column["type"])) for column in (before, each)]
        same = {"name": before["name"], **({"type": before["type"]} if types[0] == types[1] else {})}
        columns.append(_over(before, {**each, **same}, canonical, complete=complete))
    return [*columns, *([] if complete else there.values())]
