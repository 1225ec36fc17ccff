"""What is about one technology is in its own folder: no other module names one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import datakit_iac

PACKAGE = Path(datakit_iac.__file__).parent
FOLDERS = {each.name for each in (PACKAGE / "technologies").iterdir() if (each / "connection.py").is_file()}
MODULES = [
    path
    for path in sorted(PACKAGE.rglob("*.py"))
    if not (path.is_relative_to(PACKAGE / "technologies") and {*path.parts} & FOLDERS)
]


def named(tree: ast.AST) -> Iterator[str]:
    """The technologies that a module imports, or compares with or looks up by their names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom | ast.Import):
            names = [each.name for each in node.names]
            module = getattr(node, "module", None) or ""
            for name in (f"{module}.{each}" if module else each for each in names):
                top, *parts = name.split(".")
                if top == "datakit_iac" and parts[:1] == ["technologies"] and {*parts[1:2]} & FOLDERS:
                    yield name
        elif isinstance(node, ast.Compare | ast.Subscript | ast.Call | ast.MatchValue):
            texts = (each.value for each in ast.iter_child_nodes(node) if isinstance(each, ast.Constant))
            yield from (each for each in texts if isinstance(each, str) and each in FOLDERS)


def test_there_are_technologies_to_look_for() -> None:
    assert {"duckdb", "files", "postgres"} <= FOLDERS


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_outside_of_the_folders_names_no_technology(module: Path) -> None:
    assert [*named(ast.parse(module.read_text()))] == []
