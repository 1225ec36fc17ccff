"""What a plan says of the project it is for: a digest of each part, as one environment means it."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from datakit_iac.approval.plan import Note, Subject, digest
from datakit_iac.environment.model import ResolvedProject
from datakit_iac.findings.finding import Finding
from datakit_iac.policy.selection import declared
from datakit_iac.runtimes.definition import definition, given
from datakit_iac.toolchain import policy_pack
from datakit_iac.toolchain.setup.project import FILES

LOCK: Final = "datakit.lock"
"""The file with the versions that were chosen, in the folder of the manifests."""

_PACK: Final = "CrossGuard pack"


def subject(
    resolved: ResolvedProject, findings: Iterable[Finding], *, project: str, stack: str, folder: Path, packed: bool
) -> Subject:
    """The project as a plan names it.

    Args:
        resolved: the project in its environment.
        findings: what was found on it and let pass.
        project: the Pulumi project's name.
        stack: the Pulumi stack's name.
        folder: the Pulumi project's, whose Pulumi.yaml says by what it is run.
        packed: whether the policy pack looks on.
    """
    return Subject(
        project=project,
        stack=stack,
        environment=resolved.environment.name,
        approval=resolved.environment.spec.approval,
        parts=dict(sorted((*_parts(resolved), *_project_files(folder)))),
        policies=(*dict.fromkeys(_rules(resolved)), *((_PACK,) if packed else ())),
        remarks=tuple(
            Note(code=each.code, severity=each.severity, message=f"{each.path}: {each.message}".removeprefix(": "))
            for each in dict.fromkeys(findings)
        ),
        downstream=dict(_downstream(resolved)),
    )


def _rules(resolved: ResolvedProject) -> Iterator[str]:
    """The rules that judge the project here, those that hold by themselves included."""
    for each in declared(resolved.project)[0]:
        if (strictly := each.enforcement_in(resolved.environment.name)) != "disabled":
            yield each.code if strictly == "mandatory" else f"{each.code} ({strictly})"


def _parts(resolved: ResolvedProject) -> Iterator[tuple[str, str]]:
    yield f"Environment {resolved.environment.name}", _digest(resolved.environment)
    for kind, things in (
        ("Connector", resolved.connectors),
        ("Store", resolved.stores),
        ("DataSet", resolved.datasets),
        ("Policy", resolved.project.policies),
    ):
        for name, each in things.items():
            yield f"{kind} {name}", _digest(each)
    for name, transform in resolved.transforms.items():
        yield f"Transform {name}", _digest([transform, definition(transform.job)])
    for file, content in sorted(_files(resolved)):
        yield file, f"sha256:{content}"
    if chosen := [(each.kind, each.name, each.constraint, each.version) for each in resolved.versions]:
        yield "the choice of versions", _digest(sorted(set(chosen)))
    lock = resolved.project.root / LOCK
    if lock.is_file():
        yield LOCK, _content(lock)


def _files(resolved: ResolvedProject) -> set[tuple[str, str]]:
    """The files that Runs may read, with their digests: a plan is for them as they are, comments included."""
    contents = [given(each.job) for each in resolved.transforms.values()]
    return {(os.path.relpath(file), content) for each in contents for file, content in each.items()}


def _project_files(folder: Path) -> Iterator[tuple[str, str]]:
    """Pulumi.yaml, which names program, virtual environment and provider, and the policy pack's configuration."""
    for name in (*FILES, policy_pack.CONFIGURATION):
        if (folder / name).is_file():
            yield name, _content(folder / name)


def _downstream(resolved: ResolvedProject) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name, dataset in resolved.datasets.items():
        if dataset.downstream:
            yield f"DataSet {name}", dataset.downstream
    for name, transform in resolved.transforms.items():
        outputs = [resolved.datasets[each.name].downstream for each in transform.job.outputs]
        if reached := dict.fromkeys(each for those in outputs for each in those if each != name):
            yield f"Run {name}", tuple(reached)


def _content(file: Path) -> str:
    return f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"


def _digest(thing: object) -> str:
    return digest(_plain(thing))


def _plain(thing: Any) -> Any:
    """Manifests and what is made of them as plain data.

    A manifest's defaults are left out, so that a new field of a later version does not make every plan stale.
    """
    if isinstance(thing, BaseModel):
        return thing.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    if dataclasses.is_dataclass(thing):
        return {field.name: _plain(getattr(thing, field.name)) for field in dataclasses.fields(thing)}
    if isinstance(thing, Mapping):
        return {str(key): _plain(value) for key, value in thing.items()}
    if isinstance(thing, (list, tuple)):
        return [_plain(each) for each in thing]
    return thing if isinstance(thing, (bool, int, float, str, type(None))) else str(thing)
