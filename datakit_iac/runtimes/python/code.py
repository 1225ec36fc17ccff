"""The Python modules that a function is made of: its own, and those of its folders that these import."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from datakit_iac.functions.importing import search_path


def modules(module: Path) -> dict[Path, str]:
    """The text of each module, by its path.

    Only what is imported by name is found. What else is in the folders the function is not given: it would change what
    it computes, and nothing would tell.

    Args:
        module: the function's own.

    Raises:
        ValueError: one cannot be read.
    """
    found: dict[Path, str] = {}
    waiting = [module]
    while waiting:
        file = waiting.pop()
        if file in found:
            continue
        found[file] = _text(file)
        try:
            tree = ast.parse(found[file])
        except SyntaxError as fault:
            raise ValueError(f"{file}:{fault.lineno}: this is not valid Python: {fault.msg}") from fault
        waiting += _imported(tree, file, module)
    return dict(sorted(found.items()))


def canonical(text: str) -> Any:
    """What a module does, as plain data: without its comments, docstrings and layout."""
    return _plain(ast.parse(text))


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8")
    except OSError as fault:
        raise ValueError(f"{file} cannot be read: {fault.strerror}") from fault
    except UnicodeDecodeError as fault:
        raise ValueError(f"{file} is not UTF-8: {fault.reason}; save it as UTF-8") from fault


def _imported(tree: ast.Module, file: Path, module: Path) -> Iterator[Path]:
    """The files of the function's folders that a module imports, at its top or later."""
    folders = search_path(module)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for each in node.names:
                yield from _files(folders, each.name.split("."))
        elif isinstance(node, ast.ImportFrom):
            steps = node.module.split(".") if node.module else []
            within = (file.parents[node.level - 1],) if node.level else folders
            yield from _files(within, steps)
            for each in node.names:
                yield from _files(within, [*steps, each.name])


def _files(folders: tuple[Path, ...], steps: list[str]) -> Iterator[Path]:
    """A module, and the packages that it is in."""
    for folder in folders:
        for count in range(1, len(steps) + 1):
            place = folder.joinpath(*steps[:count])
            for file in (place / "__init__.py", place.with_name(f"{place.name}.py")):
                if file.is_file():
                    yield file


def _plain(node: Any) -> Any:
    """A tree of any version of Python: fields that later ones added are empty where nothing uses them."""
    if isinstance(node, ast.AST):
        fields: Mapping[str, Any] = {name: getattr(node, name, None) for name in node._fields}
        body = fields.get("body")
        if isinstance(body, list) and body and _is_docstring(node, body[0]):
            fields = {**fields, "body": body[1:]}
        return [type(node).__name__, {name: _plain(each) for name, each in fields.items() if each not in (None, [])}]
    if isinstance(node, list):
        return [_plain(each) for each in node]
    return node if isinstance(node, str | int | bool | None) else repr(node)


def _is_docstring(node: ast.AST, first: ast.AST) -> bool:
    return (
        isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    )
