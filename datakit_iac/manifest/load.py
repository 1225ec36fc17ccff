"""Reading a project's manifests: wherever they lie, known by `apiVersion` and `kind`, with every fault at once."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from datakit_iac.manifest.document import API_VERSION, Manifest
from datakit_iac.manifest.finding import Finding, InvalidProjectError, nearest
from datakit_iac.manifest.kinds import KINDS
from datakit_iac.manifest.positions import Step
from datakit_iac.manifest.project import Origin, Project, shown, spelled

_COLLECTIONS: Final = {
    "Connector": "connectors",
    "Store": "stores",
    "DataSet": "datasets",
    "DataSetGroup": "groups",
    "Transform": "transforms",
    "Environment": "environments",
    "Policy": "policies",
}
_PASSED_OVER: Final = frozenset({"node_modules", "target", "dbt_packages", "__pycache__"})


def load(root: Path) -> Project:
    """The project below a folder.

    Raises:
        InvalidProjectError: files cannot be read or manifests are wrong; all of that at once.
    """
    project, findings = read(root)
    if any(finding.severity == "error" for finding in findings):
        raise InvalidProjectError(findings)
    return project


def read(root: Path) -> tuple[Project, list[Finding]]:
    """The manifests below a folder that are right, and the faults of those that are not."""
    if not root.is_dir():
        message = f"there is no project folder {root}; expected one that holds manifests"
        return Project(root), [Finding(code="no-project", message=message, file=str(root))]
    collected: dict[str, dict[str, Manifest]] = {name: {} for name in _COLLECTIONS.values()}
    origins: dict[tuple[str, str], Origin] = {}
    findings: list[Finding] = []
    for origin, document in _documents(root, findings):
        manifest = _manifest(origin, document, findings)
        if manifest is None:
            continue
        key = (manifest.kind, manifest.name)
        if first := origins.get(key):
            findings.append(_twice(origin, first, manifest))
            continue
        origins[key] = origin
        collected[_COLLECTIONS[manifest.kind]][manifest.name] = manifest
    if not origins and not findings:
        message = f"no manifest of {API_VERSION} lies below {root}"
        findings.append(Finding(code="empty-project", message=message, file=str(root), hint="write a connector first"))
    ordered = {name: dict(sorted(found.items())) for name, found in collected.items()}
    return Project(root=root, origins=origins, **ordered), findings  # type: ignore[arg-type]  # by name, one kind each


def _documents(root: Path, findings: list[Finding]) -> Iterator[tuple[Origin, Mapping[str, Any]]]:
    for file in _files(root):
        try:
            text = file.read_text(encoding="utf-8")
            if API_VERSION.partition("/")[0] not in text:
                continue
            documents = list(yaml.load_all(text, Loader=yaml.CSafeLoader))
        except (OSError, UnicodeDecodeError) as fault:
            findings.append(Finding(code="unreadable", message=f"cannot be read: {fault}", file=shown(file)))
            continue
        except yaml.YAMLError as fault:
            findings.append(_broken(file, fault))
            continue
        for index, document in enumerate(documents):
            if isinstance(document, Mapping) and str(document.get("apiVersion", "")).startswith("datakit."):
                yield Origin(file, index), document


def _files(root: Path) -> Iterator[Path]:
    for folder, names, files in os.walk(root):
        names[:] = sorted(name for name in names if not name.startswith(".") and name not in _PASSED_OVER)
        for name in sorted(files):
            if name.endswith((".yaml", ".yml")):
                yield Path(folder) / name


def _broken(file: Path, fault: yaml.YAMLError) -> Finding:
    mark = getattr(fault, "problem_mark", None)
    problem = getattr(fault, "problem", None) or str(fault).partition("\n")[0]
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return Finding(
        code="broken-yaml", message=f"this is no YAML: {problem}", file=shown(file), line=line, column=column
    )


def _twice(origin: Origin, first: Origin, manifest: Manifest) -> Finding:
    return origin.finding(
        "duplicate-name",
        f"{manifest.kind} {manifest.name} stands also in {shown(first.file)}",
        ("metadata", "name"),
        hint="give one of them another name",
    )


def _manifest(origin: Origin, document: Mapping[str, Any], findings: list[Finding]) -> Manifest | None:
    if document.get("apiVersion") != API_VERSION:
        message = f"found {document.get('apiVersion')!r}, expected {API_VERSION!r}"
        findings.append(origin.finding("unknown-version", message, ("apiVersion",)))
        return None
    kind = str(document.get("kind"))
    model = KINDS.get(kind)
    if model is None:
        findings.append(
            origin.finding("unknown-kind", f"there is no kind {kind!r}", ("kind",), hint=nearest(kind, KINDS))
        )
        return None
    try:
        return model.model_validate(document)
    except ValidationError as invalid:
        findings.extend(_fault(origin, model, document, error) for error in invalid.errors())
        return None


def _fault(origin: Origin, model: type[BaseModel], document: Mapping[str, Any], error: ErrorDetails) -> Finding:
    path = _real_path(error["loc"], document)
    match error["type"]:
        case "extra_forbidden":
            known = _fields(model, path[:-1])
            hint = nearest(str(path[-1]), known) if known else ""
            return origin.finding("unknown-field", f"there is no field {path[-1]!r} here", path, hint=hint)
        case "missing":
            return origin.finding("missing-field", f"{spelled(path)} is expected and missing", path)
        case "value_error":
            return origin.finding("invalid-value", error["msg"].removeprefix("Value error, "), path)
        case _:
            expected = error["msg"].replace("Input should be", "expected").replace("String should", "the text should")
            return origin.finding("invalid-value", f"found {_shown(error['input'])}; {expected}", path)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _real_path(loc: tuple[int | str, ...], document: Any) -> tuple[Step, ...]:
    """The steps of an error's location that are the document's own, not names of union members or validators."""
    path: list[Step] = []
    node = document
    for index, step in enumerate(loc):
        last = index == len(loc) - 1
        if isinstance(node, Mapping) and isinstance(step, str):
            if step not in node and not last:
                continue
            node = node.get(step)
        elif isinstance(node, list) and isinstance(step, int):
            node = node[step] if step < len(node) else None
        else:
            continue
        path.append(step)
    return tuple(path)


def _fields(model: type[BaseModel], path: tuple[Step, ...]) -> list[str]:
    """The names that a mapping at `path` may have, where a model says so."""
    current: Any = model
    for step in path:
        if isinstance(step, int):
            continue
        found = next((field for name, field in current.model_fields.items() if step in (name, field.alias)), None)
        current = next((each for each in _models(found.annotation)), None) if found else None
        if current is None:
            return []
    return [field.alias or name for name, field in current.model_fields.items()]


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from _models(argument)
