"""`datakit.lock`: which versions each environment chose, with digests of what they are."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from datakit_iac.environment.model import ResolvedProject
from datakit_iac.environment.summary import differences
from datakit_iac.environment.version_references import builds_project
from datakit_iac.environment.versions.pins import is_path
from datakit_iac.findings.finding import Finding
from datakit_iac.findings.location import Position, shown
from datakit_iac.manifest.models.connector import Connector

NAME: Final = "datakit.lock"
VERSION: Final = 1
"""Of the file's form. A reader of another one asks for the file to be made again."""

_HEAD: Final = "# Made by `dk lock` and `dk build`; kept beside the manifests. Not edited by hand.\n"
_BUILT: Final = "built"


class LockError(Exception):
    """There is a lock file that cannot be read; the text says why."""


def entry(resolved: ResolvedProject) -> dict[str, Any]:
    """What one environment chose: plain data, the same for the same project wherever it is."""
    found: dict[str, dict[str, Any]] = {
        "connectors": {name: _connector(each) for name, each in sorted(resolved.connectors.items())}
    }
    root = resolved.project.root
    for each in sorted(resolved.versions, key=lambda each: (each.kind, each.name)):
        match each.kind:
            case "plugin":
                digest = {"digest": _digest_of(root / each.name)} if is_path(each.name) else {}
                found.setdefault("plugins", {})[each.constraint] = {"version": each.version, **digest}
            case "image":
                found.setdefault("images", {})[each.constraint] = {"version": each.version}
            case "dataset":
                found.setdefault("datasets", {})[each.name] = {"version": each.version}
            case kind if kind.endswith("-package"):
                found.setdefault("packages", {})[each.name] = {"version": each.version, "asked": each.constraint}
    for runtime, project, digests in _locks(resolved):
        found.setdefault(runtime, {})[project] = digests
    return found


def load(root: Path) -> dict[str, Any] | None:
    """The entries of a project's lock file, by environment; None where there is no file.

    Raises:
        LockError: it is not a lock file of this form.
    """
    document = _load(root)
    if document is None:
        return None
    environments = document.get("environments")
    if not isinstance(environments, dict):
        raise LockError("it has no environments")
    return environments


def write(root: Path, environments: Mapping[str, Any]) -> bool:
    """Write the lock file, with the images that it has; whether it changed."""
    try:
        kept = built(root)
    except LockError:
        kept = {}  # it is made again
    return _write(root, environments, kept)


def built(root: Path) -> dict[str, Any]:
    """The images that were built, by ``project`` or ``transforms/NAME``: the digest of each, and what it is built on.

    Raises:
        LockError: it is not a lock file of this form.
    """
    found = (_load(root) or {}).get(_BUILT, {})
    if not isinstance(found, dict):
        raise LockError(f"`{_BUILT}` has no images by name")
    return found


def add_built(root: Path, name: str, image: Mapping[str, str]) -> bool:
    """Write down an image that was built; whether the lock file changed.

    Raises:
        LockError: it is not a lock file of this form.
    """
    return _write(root, load(root) or {}, {**built(root), name: dict(image)})


def content_in_image(root: Path) -> bytes | None:
    """The lock file as an image has it: without the images, whose digests would depend on themselves.

    Raises:
        LockError: it is not a lock file of this form.
    """
    environments = load(root)
    return _text_of(environments, {}).encode() if environments else None


def _load(root: Path) -> dict[str, Any] | None:
    file = root / NAME
    try:
        loaded = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as fault:
        raise LockError(f"it cannot be read: {str(fault).splitlines()[0]}") from fault
    if not isinstance(loaded, dict) or loaded.get("version") != VERSION:
        raise LockError(f"its form is not version {VERSION}")
    return loaded


def _write(root: Path, environments: Mapping[str, Any], images: Mapping[str, Any]) -> bool:
    text, file = _text_of(environments, images), root / NAME
    if file.is_file() and file.read_bytes() == text.encode():
        return False
    file.write_text(text, encoding="utf-8")
    return True


def _text_of(environments: Mapping[str, Any], images: Mapping[str, Any]) -> str:
    document: dict[str, Any] = {"version": VERSION, "environments": dict(sorted(environments.items()))}
    if images:
        document[_BUILT] = dict(sorted(images.items()))
    return _HEAD + yaml.safe_dump(document, sort_keys=False, width=120)


def unlocked(resolved: ResolvedProject) -> Iterator[Finding]:
    """What keeps an environment with exact versions from being what its lock file says; others need none."""
    if resolved.environment.spec.versions == "exact":
        yield from compared(resolved)


def compared(resolved: ResolvedProject) -> Iterator[Finding]:
    """How a project's lock file differs from what the environment chooses now."""
    name, root = resolved.environment.name, resolved.project.root
    hint = f"dk lock {shown(root)}, look at what it changed, and commit it"
    file = shown(root / NAME)
    try:
        environments = load(root)
    except LockError as fault:
        yield Finding(code="lock-outdated", message=f"{NAME} is not a lock file: {fault}", at=Position(file), hint=hint)
        return
    if environments is None or name not in environments:
        found = f"there is no {NAME}" if environments is None else f"{NAME} says nothing of Environment {name}"
        message = f"{found}; it records what {name} chose"
        origin = resolved.project.origin(resolved.environment)
        yield origin.finding("lock-missing", message, ("spec", "versions"), hint=hint)
        return
    locked = environments[name] if isinstance(environments[name], dict) else {}
    for path, before, now in differences(locked, entry(resolved)):
        message = f"{path} of {name} is {_text(before)} in {NAME}, and now {_text(now)}"
        yield Finding(code="lock-outdated", message=message, at=Position(file), hint=hint)


def _text(value: Any) -> str:
    return "not there" if value is None else repr(value)


def _connector(connector: Connector) -> dict[str, Any]:
    """Its version, and a digest of what its author wrote, however that is laid out."""
    plain = connector.model_dump(mode="json", by_alias=True, exclude_unset=True)
    plain["metadata"] = {"name": connector.name}
    digest = hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()
    return {"version": connector.version or "", "digest": f"sha256:{digest}"}


def _locks(resolved: ResolvedProject) -> Iterator[tuple[str, str, dict[str, str]]]:
    """The lock files of the projects that jobs build, by runtime and folder."""
    jobs = {(each.job.runtime, each.job.settings.get("project", "")): each.job for each in resolved.transforms.values()}
    for (name, folder), job in sorted(jobs.items()):
        found = builds_project(name)
        if found and (locks := found.locks(job)):
            project = Path(os.path.relpath(folder, resolved.project.root)).as_posix()
            yield name, project, {file.name: _digest_of(file) for file in locks}


def _digest_of(path: Path) -> str:
    """The digest of a file, or of a folder's files and their names; empty where nothing is there."""
    path = path.expanduser()
    if path.is_file():
        return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
    whole = hashlib.sha256()
    for file in _files(path):
        whole.update(f"{file.relative_to(path).as_posix()}\0".encode())
        whole.update(hashlib.sha256(file.read_bytes()).digest())
    return f"sha256:{whole.hexdigest()}" if path.is_dir() else ""


def _files(folder: Path) -> Iterable[Path]:
    """Every file below a folder, those in linked folders too; each folder once."""
    found, met = list[Path](), set[Path]()
    for current, folders, names in os.walk(folder, followlinks=True):
        if (real := Path(current).resolve()) in met:
            folders.clear()
            continue
        met.add(real)
        folders[:] = [name for name in folders if name != "__pycache__"]
        found += [file for file in (Path(current, name) for name in names) if file.is_file()]
    return sorted(found)
