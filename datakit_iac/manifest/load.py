"""Reading a project's manifests: wherever they lie, known by `apiVersion` and `kind`, with every fault at once."""

from __future__ import annotations

import os
import re
import reprlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from datakit_iac.manifest.connector import Connector
from datakit_iac.manifest import plain_yaml
from datakit_iac.manifest.document import API_VERSION, Manifest
from datakit_iac.manifest.editions import editions, unversioned
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
_OURS: Final = "datakit."
"""How the `apiVersion` of every manifest of ours begins, in whatever version."""

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
    broken: set[tuple[str, str]] = set()
    for origin, document in _documents(root, findings, broken):
        manifest = _manifest(origin, document, findings)
        if manifest is None:
            broken |= _meant(document)
            continue
        key = (manifest.kind, manifest.identity)
        if first := next((origins[each] for each in _namesakes(*key) if each in origins), None):
            findings.append(_twice(origin, first, manifest))
            continue
        origins[key] = origin
        collected[_COLLECTIONS[manifest.kind]][manifest.identity] = manifest
    if not origins and not findings:
        message = f"no manifest of {API_VERSION} lies below {root}"
        findings.append(Finding(code="empty-project", message=message, file=str(root), hint="write a connector first"))
    ordered = {name: dict(sorted(found.items())) for name, found in collected.items()}
    catalog = editions(each for each in collected["connectors"].values() if isinstance(each, Connector))
    findings.extend(_unversioned(origins, each) for each in unversioned(catalog))
    ordered["connectors"] = {name: several[0] for name, several in catalog.items()}
    older = {name: several[1:] for name, several in catalog.items() if several[1:]}
    # By name, one kind each.
    project = Project(root=root, origins=origins, broken=frozenset(broken), older=older, **ordered)  # type: ignore[arg-type]
    return project, findings


def _unversioned(origins: Mapping[tuple[str, str], Origin], connector: Connector) -> Finding:
    message = f"Connector {connector.name} stands several times, and here it has no version"
    origin = origins[connector.kind, connector.identity]
    return origin.finding("duplicate-name", message, ("spec",), hint="give each of them a version")


def _documents(
    root: Path, findings: list[Finding], broken: set[tuple[str, str]]
) -> Iterator[tuple[Origin, Mapping[str, Any]]]:
    for file in _files(root):
        content = b""
        try:
            content = file.read_bytes()
            if _OURS.encode() not in content:
                continue
            documents = plain_yaml.documents(content)
        except (OSError, UnicodeDecodeError) as fault:
            findings.append(Finding(code="unreadable", message=f"cannot be read: {fault}", file=shown(file)))
            broken |= _names_in(content)
            continue
        except yaml.YAMLError as fault:
            findings.append(_broken(file, fault))
            broken |= _names_in(content)
            continue
        for index, document in enumerate(documents):
            if not isinstance(document, Mapping):
                continue
            if str(document.get("apiVersion", "")).startswith(_OURS):
                yield Origin(file, index), document
            elif key := next((key for key, value in document.items() if value == API_VERSION), None):
                message = f"{API_VERSION} stands under {key!r}, expected under 'apiVersion'"
                findings.append(Origin(file, index).finding("unknown-field", message, (str(key),), hint="rename it"))


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


_NAMED: Final = re.compile(rb"\bname:\s*[\"']?([a-z][a-z0-9-]{0,62})\b")


def _names_in(content: bytes) -> set[tuple[str, str]]:
    """Every name in a file that cannot be read as YAML: what stands there is taken to be declared."""
    return {("", name.decode()) for name in _NAMED.findall(content)}


def _meant(document: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Kind and name of a document that is not right, if it has a name; no kind where there is none such."""
    kind, metadata = document.get("kind"), document.get("metadata")
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    return {(str(kind) if str(kind) in KINDS else "", name)} if isinstance(name, str) else set()


def _namesakes(kind: str, name: str) -> list[tuple[str, str]]:
    """What nothing else may be called like: a port names a DataSet or a DataSetGroup, so those share their names."""
    return [(each, name) for each in (("DataSet", "DataSetGroup") if kind.startswith("DataSet") else (kind,))]


def _twice(origin: Origin, first: Origin, manifest: Manifest) -> Finding:
    return origin.finding(
        "duplicate-name",
        f"{manifest.kind} {manifest.name} stands also in {first.finding('', '', ('metadata', 'name')).where}",
        ("metadata", "name"),
        hint="give one of them another name",
    )


def _manifest(origin: Origin, document: Mapping[str, Any], findings: list[Finding]) -> Manifest | None:
    if document.get("apiVersion") != API_VERSION:
        message = f"found {_REPR.repr(document.get('apiVersion'))}, expected {API_VERSION!r}"
        findings.append(origin.finding("unknown-version", message, ("apiVersion",)))
        return None
    kind = document.get("kind")
    model = KINDS.get(kind) if isinstance(kind, str) else None
    if model is None:
        message, hint = f"there is no kind {_REPR.repr(kind)}", nearest(str(kind)[:_LONGEST], KINDS)
        findings.append(origin.finding("unknown-kind", message, ("kind",), hint=hint))
        return None
    try:
        return model.model_validate(document)
    except ValidationError as invalid:
        findings.extend(_faults(origin, model, document, invalid.errors()))
        return None


def _faults(
    origin: Origin, model: type[BaseModel], document: Mapping[str, Any], errors: Sequence[ErrorDetails]
) -> Iterator[Finding]:
    """One finding for each place; where several types were possible, their expectations together."""
    places: dict[tuple[Step, ...], list[ErrorDetails]] = {}
    for error in errors:
        path = _real_path(error, document)
        places.setdefault(path if error["type"] != "extra_forbidden" else (*path, error["loc"][-1]), []).append(error)
    wholes = {key[:length] for key in places for length in range(len(key))}
    for key, found in places.items():
        # A value that is a mapping failed as a mapping inside; that it is no text either says nothing.
        if key in wholes and all(error["type"] in _OTHER_TYPE for error in found):
            continue
        yield _fault(origin, model, _real_path(found[0], document), found)


_OTHER_TYPE: Final = ("literal_error", "string_type", "int_type", "bool_type")


def _fault(origin: Origin, model: type[BaseModel], path: tuple[Step, ...], errors: Sequence[ErrorDetails]) -> Finding:
    error = errors[0]
    match error["type"]:
        case "extra_forbidden":
            name = error["loc"][-1]
            known = _fields(model, error["loc"][:-1])
            hint = nearest(str(name), known) if known else ""
            return origin.finding("unknown-field", f"there is no field {name!r} here", path, hint=hint)
        case "missing":
            return origin.finding("missing-field", f"{spelled(path)} is expected and missing", path)
        case "value_error":
            fault = error["ctx"]["error"]
            return origin.finding("invalid-value", str(fault), path, hint=getattr(fault, "hint", ""))
        case _:
            expected = " or ".join(dict.fromkeys(map(_expected, errors)))
            return origin.finding(
                "invalid-value", f"found {_shown(error, path)}; expected {expected}", path, hint=_hint(errors)
            )


def _expected(error: ErrorDetails) -> str:
    """What would have been right, in the words of manifests and not of Python."""
    match error["type"]:
        case "model_type" | "dict_type":
            return "a mapping"
        case "list_type":
            return "a list"
        case "string_type" | "invalid_key":
            return "text"
        case "bool_type":
            return "true or false"
        case "int_type":
            return "a whole number"
        case "string_pattern_mismatch":
            return f"text of the form {error['ctx']['pattern']}"
    return error["msg"].removeprefix("Input should be ")


def _hint(errors: Sequence[ErrorDetails]) -> str:
    for error in errors:
        value = error["input"]
        if error["type"] == "literal_error" and isinstance(value, str):
            known = re.findall(r"'([^']*)'", error["ctx"]["expected"])
            return nearest(value, known) if len(known) > 1 else ""
        if error["type"] in ("string_type", "invalid_key") and isinstance(value, (int, float, date)):
            return "put it in quotes"
    return ""


def _shown(error: ErrorDetails, path: tuple[Step, ...]) -> str:
    """The value that was found; never one of secrets."""
    if "secrets" in path:
        return "a value that is not shown"
    value = error["input"]
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return "nothing" if value is None else _REPR.repr(value)


_LONGEST: Final = 60
_REPR: Final = reprlib.Repr()
_REPR.maxstring = _REPR.maxother = _REPR.maxlong = _LONGEST


def _real_path(error: ErrorDetails, document: Any) -> tuple[Step, ...]:
    """The steps of an error's location that are the document's own, not names of union members or validators.

    A field that is missing is the one last step that the document does not have.
    """
    path: list[Step] = []
    node = document
    for index, step in enumerate(error["loc"]):
        if isinstance(node, Mapping) and step in node:
            path.append(str(step))
            node = node[step]
        elif isinstance(node, list) and isinstance(step, int) and step < len(node):
            path.append(step)
            node = node[step]
        elif error["type"] == "missing" and index == len(error["loc"]) - 1:
            path.append(step)
    return tuple(path)


def _fields(model: type[BaseModel], path: Sequence[Step]) -> list[str]:
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
