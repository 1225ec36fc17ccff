"""Which macros of a project may have a say in what a job computes.

A macro is left out only if nothing that counts can call it: its name is nowhere in the text of the selected nodes,
their properties, the configuration, the packages, or a macro that counts; and dbt does not call it by a name of its
own. In doubt it counts: that costs a needless run, the other would cost right rows.
"""

from __future__ import annotations

import functools
import importlib.util
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from datakit_iac.runtimes.dbt.project.dbt_project import DbtProject

_KINDS: Final = r"macro|test|data_test|materialization"
_TAGS: Final = re.compile(
    r"\{\#.*?\#\}"
    r"|\{%[-+]?\s*raw\s*[-+]?%\}.*?\{%[-+]?\s*endraw\s*[-+]?%\}"
    rf"|\{{%[-+]?\s*(?P<open>{_KINDS})\s+(?P<name>\w+)"
    rf"|\{{%[-+]?\s*end(?P<close>{_KINDS})\s*[-+]?%\}}",
    re.DOTALL,
)
_QUOTED_TAG: Final = re.compile(r"""['"]\s*\{%""")
_WORD: Final = re.compile(r"\w+")
_BY_PREFIX: Final = ("generate_", "get_incremental_", "snapshot_", "materialization_")
"""Names that dbt puts together itself."""
_BY_ANY_NAME: Final = frozenset({"context", "builtins", "render"})
"""Words by which a template may call a macro whose name is not in it."""


@dataclass(frozen=True, slots=True)
class Macro:
    """A macro, a generic test or a materialization of the project; or a file that holds more than those.

    Attributes:
        name: its name, or the file's path.
        text: its text.
        called: the names by which it is called; None where it always counts.
    """

    name: str
    text: str
    called: frozenset[str] | None = None


def used(project: DbtProject, texts: Iterable[str]) -> list[Macro]:
    """The macros that may have a say, given the texts that do."""
    every = [macro for file in project.macro_files for macro in _macros(str(file), project.text(file))]
    by_name: dict[str, list[Macro]] = {}
    for macro in every:
        for name in macro.called or ():
            by_name.setdefault(name, []).append(macro)
    found = {id(macro): macro for macro in every if macro.called is None}
    new = words([*texts, *(macro.text for macro in found.values())])
    known = set(new)
    while new:
        called = [macro for name in new & by_name.keys() for macro in by_name[name] if id(macro) not in found]
        found |= {id(macro): macro for macro in called}
        new = words(macro.text for macro in called) - known
        known |= new
    return every if known & _BY_ANY_NAME else [macro for macro in every if id(macro) in found]


def words(texts: Iterable[str]) -> set[str]:
    """The words of texts, names of macros among them."""
    return {word for text in texts for word in _WORD.findall(text)}


def _macros(file: str, text: str) -> list[Macro]:
    blocks = list(_blocks(text)) if not _QUOTED_TAG.search(text) else []
    rest = text
    for _, _, block in blocks:
        rest = rest.replace(block, "", 1)
    if not blocks or _TAGS.sub("", rest).strip():
        return [Macro(file, text)]
    return [Macro(f"{kind} {name}", block, _called(kind, name)) for kind, name, block in blocks]


def _blocks(text: str) -> Iterator[tuple[str, str, str]]:
    """The kind, name and text of each block; none where they do not simply follow each other."""
    found: list[tuple[str, str, str]] = []
    begun: re.Match[str] | None = None
    for tag in _TAGS.finditer(text):
        if tag["open"]:
            if begun:
                return
            begun = tag
        elif tag["close"]:
            if not begun or tag["close"] != begun["open"]:
                return
            found.append((begun["open"], begun["name"], text[begun.start() : tag.end()]))
            begun = None
    if not begun:
        yield from found


def _called(kind: str, name: str) -> frozenset[str] | None:
    known = _of_dbt()
    names = {name, f"test_{name}", name.removeprefix("test_")}
    if known is None or kind == "materialization" or "__" in name or name.startswith(_BY_PREFIX) or names & known:
        return None
    return frozenset(names)


@functools.cache
def _of_dbt() -> frozenset[str] | None:
    """The names of the macros that dbt and its adapters bring; None where they cannot be found."""
    spec = importlib.util.find_spec("dbt")
    folders = [Path(each, "include") for each in (spec.submodule_search_locations or ())] if spec else []
    files = [file for folder in folders for file in folder.rglob("*.sql")]
    names = {tag["name"] for file in files for tag in _TAGS.finditer(file.read_text(encoding="utf-8")) if tag["open"]}
    return frozenset(names) or None


_SPANS: Final = re.compile(r"\{\#.*?\#\}|\{\{|\{%", re.DOTALL)
_INSIDE: Final = re.compile(r"""(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|(?!\}\}|%\})[^'"])*""", re.DOTALL)


def templated(text: str) -> str:
    """What of a text jinja evaluates: the inside of ``{{ … }}`` and ``{% … %}``.

    >>> templated("select a, {{ b('}}') }} -- {# c #}").split()
    ["b('}}')"]
    """
    found, place = [], 0
    while tag := _SPANS.search(text, place):
        place = tag.end()
        if not tag.group().startswith("{#") and (inside := _INSIDE.match(text, place)):
            # What has no end may reach as far as the text does.
            place = inside.end() if text[inside.end() :][:2] in ("}}", "%}") else len(text)
            found.append(text[tag.end() : place])
    return " ".join(found)
