"""The public surface: every name is there, says what it is, and its examples are true."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import pkgutil
from pathlib import Path

import pytest

import datakit_iac

PACKAGE = Path(datakit_iac.__file__).parent
PROGRAM = "__main__"
"""A module of this name does its work when it is imported, and is only read here."""


def modules() -> list[str]:
    """Every module of every package, found by walking."""
    within = pkgutil.walk_packages(datakit_iac.__path__, f"{datakit_iac.__name__}.")
    return [datakit_iac.__name__, *(each.name for each in within if not each.name.endswith(f".{PROGRAM}"))]


@pytest.mark.parametrize("name", datakit_iac.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    found = getattr(datakit_iac, name)
    assert isinstance(found, str) or (found.__doc__ or "").strip()


def test_what_is_not_public_is_not_there() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        datakit_iac.Nothing  # noqa: B018


def test_the_walk_comes_to_every_module() -> None:
    written = {
        ".".join(("datakit_iac", *file.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")
        for file in PACKAGE.rglob("*.py")
        if file.stem != PROGRAM and "templates" not in file.parts
    }
    assert written == set(modules())


@pytest.mark.parametrize("name", modules())
def test_every_module_says_what_it_is_and_its_examples_are_true(name: str) -> None:
    module = importlib.import_module(name)
    assert (module.__doc__ or "").strip()
    written = sum(line.lstrip().startswith(">>> ") for line in inspect.getsource(module).splitlines())
    assert doctest.testmod(module) == (0, written)


@pytest.mark.parametrize(
    "file", [str(each.relative_to(PACKAGE)) for each in PACKAGE.rglob(f"{PROGRAM}.py") if "templates" not in each.parts]
)
def test_every_program_says_what_it_is_and_shows_no_example_that_nobody_runs(file: str) -> None:
    text = (PACKAGE / file).read_text()
    assert ast.get_docstring(ast.parse(text))
    assert ">>>" not in text
