"""Rows for development as a part of the project: each seed is a file that CloudQuery loads into its DataSet.

So a seed is loaded as everything is: in one transaction, with its contract checked, and again only when it changed.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from datakit_iac.findings.finding import Finding, InvalidProjectError
from datakit_iac.findings.nearest import nearest
from datakit_iac.manifest.models.connector import Connector, ConnectorSpec
from datakit_iac.manifest.models.dataset import SEED_FORMATS, DataSet, DataSetSpec, Seed, SeedData
from datakit_iac.manifest.models.document import Manifest, Metadata
from datakit_iac.manifest.models.environment import Environment
from datakit_iac.manifest.models.store import Store, StoreSpec
from datakit_iac.manifest.models.transform import Port, Transform, TransformSpec
from datakit_iac.manifest.project import Project

VARIABLE: Final = "DATAKIT_SEED"
"""The variable that names the profile to be loaded."""

DEFAULT: Final = "default"
"""The profile of the rows beside `profiles`."""

FOLDER: Final = Path(".datakit/seeds")
"""Where rows of manifests are written as files, in the Pulumi project's folder."""

_NAME: Final = "datakit-seeds"


def with_seeds(project: Project, environment: str, profile: str) -> Project:
    """The project with what loads the rows of a profile; the rows of manifests are written to files.

    A DataSet without rows of that profile takes those beside its `profiles`.

    Args:
        project: the manifests.
        environment: an Environment's name.
        profile: a profile's name; `DEFAULT` is the rows beside all profiles.

    Raises:
        InvalidProjectError: the environment asks for approval, or no DataSet has such rows.
    """
    declared = project.environments.get(environment)
    if declared and declared.spec.approval.needed:
        raise InvalidProjectError([_refused(project, declared)])
    seeds = {name: seed for name, each in project.datasets.items() if (seed := each.spec.dev.seed)}
    profiles = {DEFAULT, *(each for seed in seeds.values() for each in seed.profiles)}
    rows = {name: found for name, seed in seeds.items() if (found := _rows(seed, profile))}
    if profile not in profiles or not rows:
        message = f"there are no rows of the profile {profile!r} in any DataSet's `dev.seed`"
        raise InvalidProjectError([Finding(code="invalid-seed", message=message, hint=nearest(profile, profiles))])
    seeded = [project.datasets[name] for name in rows]
    project = _with(project, seeded[0], _source(project))
    for each in seeded:
        project = _with(project, each, _loading(each, rows[each.name]))
    return project


def _refused(project: Project, environment: Environment) -> Finding:
    message = f"{environment.name} asks for approval: rows for development are not loaded there"
    hint = f"apply without a seed: --seed, or the variable {VARIABLE}, names a profile"
    return project.origin(environment).finding("invalid-seed", message, ("spec", "approval"), hint=hint)


def _rows(seed: Seed, profile: str) -> Seed | SeedData | None:
    found = seed.profiles.get(profile, seed)
    return found if found.inline or found.file else None


def _source(project: Project) -> list[Manifest]:
    """The Stores of the files: those of the project, and those that rows of manifests are written to."""
    known = [each for each in project.connectors.values() if each.spec.type == "files"]
    connector = known[0].name if known else _NAME
    spec = ConnectorSpec(type="files", version="1.0.0", capabilities=["source"])
    made: list[Manifest] = [] if known else [Connector(metadata=Metadata(name=_NAME), spec=spec)]
    for name, folder in ((_NAME, "."), (f"{_NAME}-inline", str(FOLDER.absolute()))):
        made.append(
            Store(metadata=Metadata(name=name), spec=StoreSpec(connector=connector, connection={"path": folder}))
        )
    return made


def _loading(target: DataSet, data: Seed | SeedData) -> list[Manifest]:
    """The file of a DataSet's rows, and what loads it."""
    name = target.name
    store, file = (_NAME, data.file) if data.file else (f"{_NAME}-inline", _written(name, data.inline))
    metadata = Metadata(name=f"seed-{name}")
    seed = DataSetSpec(
        store=store,
        prefix=file,
        format=SEED_FORMATS.get(Path(file).suffix.lower()),
        description=f"Rows of {name} for development.",
        classification=target.spec.classification,
        owner=target.spec.owner,
    )
    load = TransformSpec(
        runtime="cloudquery",
        description=f"Loads rows of {name} for development.",
        inputs=[Port(dataset=metadata.name)],
        outputs=[Port(dataset=name)],
    )
    return [DataSet(metadata=metadata, spec=seed), Transform(metadata=metadata, spec=load)]


def _written(name: str, rows: list[dict[str, Any]]) -> str:
    """The name of a file with rows, which is left alone where it has them already."""
    content = "".join(f"{json.dumps(row, default=_plain, ensure_ascii=False)}\n" for row in rows)
    file = FOLDER / f"{name}.jsonl"
    if not file.exists() or file.read_text(encoding="utf-8") != content:
        FOLDER.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    return file.name


def _plain(value: Any) -> str:
    """A day, a moment or bytes of YAML, as the reader of files takes it."""
    return "".join(f"\\x{each:02X}" for each in value) if isinstance(value, bytes) else str(value)


def _with(project: Project, seeded: DataSet, made: list[Manifest]) -> Project:
    """The project with what a DataSet's seed needs, of which nothing may have the name of another manifest."""
    known: dict[str, dict[str, Any]] = {
        "Connector": dict(project.connectors),
        "Store": dict(project.stores),
        "DataSet": dict(project.datasets),
        "Transform": dict(project.transforms),
    }
    origins, taken = dict(project.origins), list[Finding]()
    for each in made:
        if each.name in known[each.kind]:
            message = f"{each.kind} {each.name} has a name that is needed to load the rows of `dev.seed`"
            origin = project.origin(known[each.kind][each.name])
            taken.append(origin.finding("invalid-seed", message, ("metadata", "name"), hint="rename it"))
        known[each.kind][each.name] = each
        origins[each.kind, each.identity] = project.origin(seeded)
    if taken:
        raise InvalidProjectError(taken)
    return replace(
        project,
        connectors=known["Connector"],
        stores=known["Store"],
        datasets=known["DataSet"],
        transforms=known["Transform"],
        origins=origins,
    )
