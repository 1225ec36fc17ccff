"""What a Python module declares, as documents like those of YAML."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from datakit_iac.findings.finding import Finding
from datakit_iac.findings.location import Position, shown
from datakit_iac.findings.origin import Origin
from datakit_iac.functions.declaration import RUNTIME, Declared, declaration
from datakit_iac.functions.importing import ModuleFault, imported
from datakit_iac.manifest.models.document import API_VERSION

_DECLARES: Final = frozenset({"transform", "dataset"})
_NAMES: Final = rb"[\"']([a-z][a-z0-9-]{0,62})[\"']"


class Read(NamedTuple):
    """What was read of a module.

    Attributes:
        documents: what it declares.
        findings: what is wrong with it.
        broken: the names that it has where it cannot be imported, which count as declared.
    """

    documents: list[tuple[Origin, Mapping[str, Any]]]
    findings: list[Finding]
    broken: set[tuple[str, str]]


def read(file: Path, content: bytes, root: Path) -> Read:
    """Import a module where it declares something, and take that."""
    try:
        if not _declares(ast.parse(content)):
            return Read([], [], set())
    except (SyntaxError, ValueError):
        pass  # of which importing it tells
    try:
        with imported(file) as module:
            declared = [each for value in vars(module).values() if (each := declaration(value))]
            return Read([*_documents(declared, file.absolute(), root)], [], set())
    except ModuleFault as fault:
        return Read(
            [], [_finding(fault)], {("", name.decode()) for name in re.findall(_NAMES, content)} | _functions(content)
        )


def _finding(fault: ModuleFault) -> Finding:
    at = Position(shown(fault.file), fault.line, 1 if fault.line else 0)
    if fault.is_declared:
        return Finding(code="invalid-function", message=str(fault), at=at)
    hint = "a module below transforms/ is imported to find its functions; keep work out of its top level"
    return Finding(code="broken-module", message=str(fault), at=at, hint=hint)


def documents(declared: Iterable[Declared], root: Path) -> Iterator[tuple[Origin, Mapping[str, Any]]]:
    """Declarations as documents, those of the DataSets that functions name first; each once.

    Args:
        declared: what is declared.
        root: the folder of the manifests.
    """
    seen = set[tuple[str, str, int]]()
    for each in declared:
        for found in (*each.datasets, each):
            if (key := (found.kind, str(found.file), found.line)) not in seen:
                seen.add(key)
                yield Origin(str(found.file), 0, found.line), _document(found, root)


def _documents(declared: list[Declared], file: Path, root: Path) -> Iterator[tuple[Origin, Mapping[str, Any]]]:
    """What is declared in a module itself, or outside of the project: other modules of it are read by themselves."""
    folder = root.absolute()
    for origin, document in documents(declared, root):
        if (place := origin.file.absolute()) == file or (document["kind"] == "DataSet" and folder not in place.parents):
            yield origin, document


def _document(found: Declared, root: Path) -> Mapping[str, Any]:
    document = {"apiVersion": API_VERSION, **found.document}
    if found.kind != "Transform":
        return document
    spec = found.document["spec"]
    module = Path(os.path.relpath(found.file, root.absolute())).as_posix()
    return {**document, "spec": {**spec, RUNTIME: {**spec[RUNTIME], "module": module}}}


def _declares(tree: ast.Module) -> bool:
    """Whether a module uses what declares something."""
    packages = set[str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "datakit_iac":
            if any(each.name in _DECLARES for each in node.names):
                return True
        elif isinstance(node, ast.Import):
            packages |= {each.asname or "datakit_iac" for each in node.names if each.name == "datakit_iac"}
    return any(
        isinstance(node, ast.Attribute)
        and node.attr in _DECLARES
        and isinstance(node.value, ast.Name)
        and node.value.id in packages
        for node in ast.walk(tree)
    )


def _functions(content: bytes) -> set[tuple[str, str]]:
    return {("", name.decode().replace("_", "-")) for name in re.findall(rb"^def (\w+)", content, re.MULTILINE)}
