"""Completions of an unfinished command line: `dk __complete WORDS…`, called by the shells' scripts.

One candidate to a line, its meaning behind a tab; the line ``:files`` asks the shell for files. Whatever goes wrong,
nothing is printed: a prompt is not a place for errors.
"""

from __future__ import annotations

import importlib
import re
from argparse import Action, ArgumentParser
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, cast

from datakit_iac.cli.registry import COMMANDS, Command, CommandModule

_FILES: Final = ":files"
_KINDS: Final = {
    "CONNECTOR": ("Connector",),
    "STORE": ("Store",),
    "DATASET": ("DataSet", "DataSetGroup"),
    "TRANSFORM": ("Transform",),
    "ENV": ("Environment",),
    "OTHER": ("Environment",),
    "POLICY": ("Policy",),
}
"""The manifests whose names an argument takes, by what its help calls it."""

_AS_FILES: Final = frozenset({"PATH", "FILE", "FOLDER", "PLAN"})
_DOCUMENT: Final = re.compile(r"^---.*$", re.MULTILINE)
_KIND: Final = re.compile(r"^kind:\s*[\"']?(\w+)", re.MULTILINE)
_VERSION: Final = re.compile(r"^(?:spec:|\s).*?\bversion:\s*[\"']?([\w.+-]+)", re.MULTILINE)
_NAME: Final = re.compile(
    r"^metadata:[^\n]*(?:\n[ \t#][^\n]*|\n)*?[^\n]*?\bname:\s*[\"']?([a-z][a-z0-9-]{0,62})\b", re.MULTILINE
)

Candidate = tuple[str, str]


def run(words: Sequence[str]) -> int:
    """Print the candidates for the last of the words behind `dk`; 0 in any case."""
    try:
        *before, begun = words or [""]
        found = {word: meaning for word, meaning in _candidates(before, begun) if _fits(word, begun)}
    except Exception:
        return 0
    for word, meaning in found.items():
        print(f"{word}\t{meaning}" if meaning else word)
    return 0


def _fits(word: str, begun: str) -> bool:
    """Whether a word goes on from what was begun; options are offered where a hyphen was typed, and else values."""
    if begun.startswith("-") or word == _FILES:
        return word.startswith(begun) if begun.startswith("-") else True
    return word.startswith(begun) and not word.startswith("-")


def _candidates(before: Sequence[str], begun: str) -> Iterator[Candidate]:
    longer = [each for each in COMMANDS if len(each.words) > len(before)]
    for each in longer:
        if each.words[: len(before)] == tuple(before):
            is_last = len(each.words) == len(before) + 1
            yield each.words[len(before)], each.summary if is_last else f"{each.words[0]} …"
    called = [each for each in COMMANDS if tuple(before[: len(each.words)]) == each.words]
    if called:
        command = max(called, key=lambda each: len(each.words))
        yield from _arguments(command, before[len(command.words) :], begun)
    elif not before:
        yield from (("--help", "show the commands"), ("--version", "show the version"))


def _arguments(command: Command, before: Sequence[str], begun: str) -> Iterator[Candidate]:
    parser = ArgumentParser(allow_abbrev=False)
    cast("CommandModule", importlib.import_module(command.module)).configure(parser)
    options = {name: action for action in parser._actions for name in action.option_strings}
    if before and (waiting := options.get(before[-1])) and _takes_value(waiting):
        yield from _values(waiting)
        return
    # Typed alone, `--output=js`; bash makes it three words.
    if len(before) > 1 and before[-1] == "=" and (named := options.get(before[-2])):
        yield from _values(named)
        return
    yield from ((name, action.help or "") for name, action in options.items() if name.startswith("--"))
    yield from ((f"{begun.partition('=')[0]}={word}", why) for word, why in _behind_equals(options, begun))
    if (place := _positional(parser, before, options)) is not None:
        yield from _values(place)


def _behind_equals(options: dict[str, Action], begun: str) -> Iterable[Candidate]:
    name, equals, _ = begun.partition("=")
    return _values(options[name]) if equals and name in options else ()


def _takes_value(action: Action) -> bool:
    return action.nargs != 0


def _positional(parser: ArgumentParser, before: Sequence[str], options: dict[str, Action]) -> Action | None:
    """The argument without a name that comes next."""
    given, skips = 0, False
    for word in before:
        if skips:
            skips = False
        elif word.startswith("-"):
            skips = word in options and _takes_value(options[word])
        else:
            given += 1
    places = [action for action in parser._actions if not action.option_strings]
    if given < len(places):
        return places[given]
    return places[-1] if places and places[-1].nargs in ("*", "+") else None


def _values(action: Action) -> Iterator[Candidate]:
    if action.choices:
        yield from ((str(choice), "") for choice in action.choices)
    for word in str(action.metavar or "").split("|"):
        if word in _KINDS:
            yield from ((name, kind) for kind, name in _offered(_names()) if kind in _KINDS[word])
        elif word in _AS_FILES:
            yield _FILES, ""


def _offered(found: Iterable[tuple[str, str, str]]) -> Iterator[tuple[str, str]]:
    """Kinds and names; of a Connector that is in several versions, each of them too, as NAME@VERSION."""
    versions: dict[tuple[str, str], list[str]] = {}
    for kind, name, version in found:
        yield kind, name
        versions.setdefault((kind, name), []).append(version)
    for (kind, name), several in versions.items():
        if kind == "Connector" and several[1:]:
            yield from ((kind, f"{name}@{version}") for version in several if version)


def _names() -> Iterator[tuple[str, str, str]]:
    """Kind, name and version of each manifest, read off their text: parsing YAML takes too long to wait for."""
    from datakit_iac.cli.project_scope import scope

    for file in sorted(_files(scope(".").root)):
        text = file.read_text(encoding="utf-8", errors="replace")
        for document in _DOCUMENT.split(text) if "datakit." in text else ():
            kind, name, version = (each.search(document) for each in (_KIND, _NAME, _VERSION))
            if kind and name:
                yield kind[1], name[1], version[1] if version else ""


def _files(root: Path) -> Iterator[Path]:
    import os

    for folder, names, files in os.walk(root):
        names[:] = [name for name in names if not name.startswith(".") and name not in ("node_modules", "target")]
        yield from (Path(folder, name) for name in files if name.endswith((".yaml", ".yml")))
