"""The codes that findings and verdicts may have, read from the source, and the calls whose code cannot be found."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

PARAMETER: Final = "code"
"""A function, NamedTuple, dataclass or model that has text of this name is given a code."""

Takers = dict[str, int]
"""What takes a code, by name, and as which argument."""


class Codes(NamedTuple):
    """What was found.

    Attributes:
        found: the codes.
        unknown: the calls whose code is neither written in their function nor passed on, as ``file:line``.
    """

    found: set[str]
    unknown: list[str]


def codes(package: Path) -> Codes:
    """The code in every call of what takes one, in every module of a package."""
    trees = {file: ast.parse(file.read_text()) for file in sorted(package.rglob("*.py"))}
    takers = {_module(package, file): dict(_takers(tree)) for file, tree in trees.items()}
    methods = {name: place for found in takers.values() for name, place in found.items()}
    for file, tree in trees.items():
        takers[_module(package, file)] |= _heirs(tree, methods)
    found, unknown = set(), []
    for file, tree in trees.items():
        own = takers[_module(package, file)]
        names = {**_imported(tree, takers), **own}
        for call, around in _calls(tree):
            if (given := _given(call, names, {**methods, **own})) is None:
                continue
            values = _values(given, (around, tree))
            if values is None:
                unknown.append(f"{file.relative_to(package)}:{call.lineno}")
            found |= values or set()
    return Codes(found, unknown)


def _module(package: Path, file: Path) -> str:
    parts = (package.name, *file.relative_to(package).with_suffix("").parts)
    return ".".join(part for part in parts if part != "__init__")


def _takers(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        fields: list[tuple[str, ast.expr | None]] = []
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            arguments = [each for each in node.args.args if each.arg not in ("self", "cls")]
            fields = [(each.arg, each.annotation) for each in (*arguments, *node.args.kwonlyargs)]
        elif isinstance(node, ast.ClassDef):
            fields = [
                (each.target.id, each.annotation)
                for each in node.body
                if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
            ]
        for place, (name, annotation) in enumerate(fields):
            if name == PARAMETER and isinstance(annotation, ast.Name) and annotation.id == "str":
                yield node.name, place  # type: ignore[attr-defined]  # what has fields is one of the two


def _heirs(tree: ast.Module, takers: Takers) -> Takers:
    """Classes that take a code because one of their bases does."""
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    bases = [(node.name, base.id) for node in classes for base in node.bases if isinstance(base, ast.Name)]
    return {name: takers[base] for name, base in bases if base in takers}


def _imported(tree: ast.Module, takers: dict[str, Takers]) -> Takers:
    found: Takers = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            there = takers.get(node.module or "", {})
            found |= {each.asname or each.name: there[each.name] for each in node.names if each.name in there}
    return found


def _calls(tree: ast.Module) -> Iterator[tuple[ast.Call, ast.AST]]:
    """Every call, with the innermost function it is in."""
    waiting: list[tuple[ast.AST, ast.AST]] = [(tree, tree)]
    while waiting:
        node, around = waiting.pop()
        if isinstance(node, ast.Call):
            yield node, around
        inner = node if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else around
        waiting += [(child, inner) for child in ast.iter_child_nodes(node)]


def _given(call: ast.Call, names: Takers, methods: Takers) -> ast.expr | None:
    """What a call gives as code; None where it gives none."""
    is_method = isinstance(call.func, ast.Attribute)
    named = getattr(call.func, "attr", getattr(call.func, "id", ""))
    by_name = [word.value for word in call.keywords if word.arg == PARAMETER]
    place = (methods if is_method else names).get(named)
    if place is None:
        return by_name[0] if by_name and named == "replace" else None
    by_place = call.args[place : place + 1]
    return (*by_name, *by_place)[0] if by_name or by_place else None


def _values(given: ast.expr, scopes: Iterable[ast.AST]) -> set[str] | None:
    """The codes that an expression may be: none where it passes one on, None where that cannot be found."""
    if isinstance(given, ast.Constant):
        return {given.value} - {""} if isinstance(given.value, str) else None
    if isinstance(given, ast.IfExp):
        both = [_values(each, scopes) for each in (given.body, given.orelse)]
        return None if None in both else set().union(*(each for each in both if each))
    if isinstance(given, ast.Attribute):
        return set() if given.attr == PARAMETER else None
    if not isinstance(given, ast.Name):
        return None
    if assigned := [value for scope in scopes for value in _assigned(scope, given.id)]:
        found = [_values(each, ()) for each in assigned]
        return None if None in found else set().union(*(each for each in found if each))
    return set() if given.id == PARAMETER else None


def _assigned(scope: ast.AST, name: str) -> Iterator[ast.expr]:
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(each, ast.Name) and each.id == name for each in targets):
                yield node.value
