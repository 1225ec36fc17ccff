"""Reading what the engine writes of imported resources: the literal part of Pulumi's configuration language (PCL).

Its source is `pkg/importer/hcl2.go` of github.com/pulumi/pulumi: blocks of attributes whose values are literals, lists,
objects, calls such as `secret(…)`, and names of other resources; no expression beyond these.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

Value: TypeAlias = "str | int | float | bool | Sequence[Value] | Mapping[str, Value] | Reference | Call | None"
"""A value as it is in a block."""

_TOKEN: Final = re.compile(
    r"""(?P<space>\s+|\#[^\n]*|//[^\n]*)
      | (?P<text>"(?:[^"\\]|\\.)*")
      | (?P<number>-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)
      | (?P<name>[^\W\d][\w-]*)
      | (?P<mark>[{}\[\]()=:,.])""",
    re.VERBOSE,
)
_WORDS: Final = {"true": True, "false": False, "null": None}
_ESCAPED: Final = re.compile(
    r"\\(?:(?P<code>U[\da-fA-F]{8}|u[\da-fA-F]{4})|(?P<sign>.))|(?P<doubled>\$\$|%%)(?=\{)|[$%]\{"
)
_SIGNS: Final = {"n": "\n", "r": "\r", "t": "\t"}


class PclError(ValueError):
    """The text is not of the part of the language that is read here."""


@dataclass(frozen=True)
class Reference:
    """Another resource, or an output of it: ``warehouse``, ``warehouse.id``."""

    path: str


@dataclass(frozen=True)
class Call:
    """A function and its arguments: ``secret("…")``."""

    function: str
    arguments: Sequence[Value]


@dataclass
class Block:
    """A block: ``resource users "datakit:index:DataSet" {…}``."""

    kind: str
    labels: Sequence[str] = ()
    attributes: dict[str, Value] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)


def read(text: str) -> list[Block]:
    """The blocks of a text.

    Raises:
        PclError: it holds what is not read here.
    """
    reader = _Reader(text)
    body = reader.body(Block(""), end="")
    return body.blocks


class _Reader:
    def __init__(self, text: str) -> None:
        self._tokens = [*_tokens(text), ("end", "")]
        self._next = 0

    def body(self, block: Block, end: str) -> Block:
        while not self._takes(end):
            kind, name = self._take()
            if kind != "name":
                raise PclError(f"expected a name, found {name!r}")
            if self._takes("="):
                block.attributes[name] = self._value()
            else:
                block.blocks.append(self.body(Block(name, tuple(self._labels())), end="}"))
        return block

    def _labels(self) -> Iterator[str]:
        while not self._takes("{"):
            kind, label = self._take()
            if kind not in ("name", "text"):
                raise PclError(f"expected a label, found {label!r}")
            yield _unquoted(label) if kind == "text" else label

    def _value(self) -> Value:
        kind, found = self._take()
        if kind == "text":
            return _unquoted(found)
        if kind == "number":
            return float(found) if re.search(r"[.eE]", found) else int(found)
        if kind == "name":
            return _WORDS[found] if found in _WORDS else self._named(found)
        if found == "[":
            return list(self._values("]"))
        if found == "{":
            return dict(self._items())
        raise PclError(f"expected a value, found {found!r}")

    def _named(self, name: str) -> Value:
        if self._takes("("):
            return Call(name, list(self._values(")")))
        path = name
        while self._takes("."):
            path += f".{self._take()[1]}"
        return Reference(path)

    def _values(self, end: str) -> Iterator[Value]:
        while not self._takes(end):
            yield self._value()
            self._takes(",")

    def _items(self) -> Iterator[tuple[str, Value]]:
        while not self._takes("}"):
            kind, key = self._take()
            if kind not in ("name", "text") or not (self._takes("=") or self._takes(":")):
                raise PclError(f"expected a key and its value, found {key!r}")
            yield _unquoted(key) if kind == "text" else key, self._value()
            self._takes(",")

    def _take(self) -> tuple[str, str]:
        token = self._tokens[self._next]
        if token[0] == "end":
            raise PclError("the text ends too early")
        self._next += 1
        return token

    def _takes(self, mark: str) -> bool:
        """Whether a mark comes next, which then is passed; the empty one is the end."""
        is_next = self._tokens[self._next] == ("mark" if mark else "end", mark)
        self._next += is_next and bool(mark)
        return is_next


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    position = 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            raise PclError(f"cannot read {text[position : position + 20]!r}")
        position = found.end()
        if found.lastgroup and found.lastgroup != "space":
            yield found.lastgroup, found[0]


def _unquoted(text: str) -> str:
    return _ESCAPED.sub(_unescaped, text[1:-1])


def _unescaped(found: re.Match[str]) -> str:
    if found["code"]:
        return chr(int(found["code"][1:], 16))
    if found["sign"]:
        return _SIGNS.get(found["sign"], found["sign"])
    if found["doubled"]:
        return found["doubled"][1:]
    raise PclError("cannot read a template with an expression in it")
