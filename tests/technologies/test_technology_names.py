"""What is about one technology, runtime or executor is in its own folder: no other module names one.

Docstrings and comments may, for they are examples for people.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import datakit_iac
from datakit_iac import installed

PACKAGE = Path(datakit_iac.__file__).parent
OWN = ("technologies", "runtimes", "executors")
FOLDERS = {each.parent.name for kind in OWN for each in (PACKAGE / kind).glob("*/__init__.py")} - {"sql"}
NAMES = (FOLDERS | {*installed.ours("datakit.sections"), "kubernetes"}) - {"generic", "python"}  # the interpreter, too
EVERYDAY = {"files", "local"}
"""Names that are words as well: looked for only where a value is compared, looked up, passed on or kept."""
WORD = re.compile(rf"(?<![\w-])({'|'.join(sorted(NAMES - EVERYDAY))})(?![\w-])")
IMPORTED = re.compile(rf"datakit_iac\.(?:({'|'.join(OWN)})\.({'|'.join(sorted(FOLDERS))})|cloudquery_plugins)(?![\w-])")

USES = (ast.Compare, ast.Subscript, ast.Call, ast.keyword, ast.MatchValue, ast.Assign, ast.AnnAssign)

ADAPTERS = "technologies/sql/loading"
"""What the CloudQuery adapters of all SQL databases share."""

EXCEPTIONS = {
    "cli/commands/build.py": "`dk build` makes images of Transforms that run a command",
    "executors/worker.py": "it is what Kubernetes runs, as processes of a pod",
    "functions/annotations.py": "a function names the library of what it takes",
    "images": "an image holds the packages of generic Transforms, and no database",
    "resources/kubernetes.py": "the objects of a cluster",
    "testing": "it runs functions in memory",
    "cli/commands/imports/dbt.py": "`dk import dbt` reads what dbt wrote",
    "cli/commands/init_transform.py": "`dk init` offers what it can write",
    "cli/scaffold/transform_files.py": "`dk init` writes a first Transform of each runtime",
    "cli/registry.py": "`dk import dbt` and `dk import cloudquery` are commands",
    "environment/seeding.py": "rows for development are files that CloudQuery loads",
    "importing": "each module reads what one tool wrote",
    "manifest/models/plugin.py": "CloudQuery names the registries of plugins",
    "manifest/values/open_names.py": "one executor is the default",
    "policy/pack/from_cloud_resource.py": "types of other providers' resources, such as `aws:s3/bucket:Bucket`",
    "sdk": "it exports what is in the folders",
    "toolchain/doctor.py": "`dk doctor` looks for tools before anything of ours can be asked",
}


def _modules() -> Iterator[Path]:
    for path in sorted(PACKAGE.rglob("*.py")):
        first, second, *_ = (*path.relative_to(PACKAGE).parts, "")
        is_own = (first in OWN and second in FOLDERS) or first == "cloudquery_plugins"
        if not is_own and not path.is_relative_to(PACKAGE / ADAPTERS):
            yield path


MODULES = [*_modules()]


def excepted(module: Path) -> str | None:
    """The exception that a module falls under."""
    name = module.relative_to(PACKAGE)
    return next((each for each in EXCEPTIONS if each in (name.as_posix(), name.parts[0])), None)


def named(tree: ast.AST) -> Iterator[str]:
    """The names that a module says outside of its docstrings, and what it imports of their folders."""
    prose = {id(each.value) for each in ast.walk(tree) if isinstance(each, ast.Expr)}
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=str(module)):
                yield from (name for each in node.names if IMPORTED.match(name := f"{module}.{each.name}"))
            case ast.Import():
                yield from (each.name for each in node.names if IMPORTED.match(each.name))
            case ast.Attribute(attr=str(name)) if name in NAMES - EVERYDAY:
                yield name
            case ast.Constant(value=str(text)) if id(node) not in prose and WORD.search(text):
                yield text
            case _ if isinstance(node, USES):
                texts = (each.value for each in ast.iter_child_nodes(node) if isinstance(each, ast.Constant))
                yield from (each for each in texts if isinstance(each, str) and each in EVERYDAY)


def found(module: Path) -> list[str]:
    return [*named(ast.parse(module.read_text()))]


def test_there_are_names_to_look_for() -> None:
    assert {"duckdb", "files", "postgres", "cloudquery", "dbt", "generic-python", "generic-go", "local"} <= NAMES


@pytest.mark.parametrize(
    "text",
    [
        'x == "files"',
        'run(name="local")',
        'DEFAULT: str = "local"',
        'f"{name} needs duckdb"',
        'SECTIONS = ("generic-go",)',
        "spec.dbt",
        "from datakit_iac.runtimes.dbt import runtime",
        "from datakit_iac.executors import local",
        "import datakit_iac.technologies.files.factory",
    ],
)
def test_a_name_is_found(text: str) -> None:
    assert [*named(ast.parse(text))]


@pytest.mark.parametrize("text", ['"""As dbt does."""', 'print("files of dbt-like tools")', "x.files", '{"files": 1}'])
def test_a_word_or_an_example_is_no_name(text: str) -> None:
    assert [*named(ast.parse(text))] == []


@pytest.mark.parametrize(
    "module", [each for each in MODULES if not excepted(each)], ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_a_module_outside_of_the_folders_names_none_of_what_is_in_them(module: Path) -> None:
    assert found(module) == []


@pytest.mark.parametrize("exception", EXCEPTIONS)
def test_an_exception_is_needed(exception: str) -> None:
    assert [each for each in MODULES if excepted(each) == exception and found(each)]
