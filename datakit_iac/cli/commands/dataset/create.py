"""Write the manifest of a DataSet, beside the project's others.

One that is there already is refused. With --force its other fields and every comment stay; only what is given changes.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from datakit_iac.cli import exit_codes
from datakit_iac.cli.lookup import demand_name, known
from datakit_iac.cli.project_scope import add_path, scope
from datakit_iac.cli.reading import read
from datakit_iac.cli.scaffold import files
from datakit_iac.manifest.values.place_kinds import PLACES

if TYPE_CHECKING:
    from datakit_iac.manifest.project import Project

_CHOICES: Final = {
    "format": ("parquet", "json", "csv", "avro"),
    "classification": ("public", "internal", "confidential", "restricted"),
    "tier": ("bronze", "silver", "gold"),
}
_TEXTS: Final = {
    "owner": "who answers for it, e.g. a team",
    "description": "what it holds",
    "version": "the contract's version, MAJOR.MINOR.PATCH",
}


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the DataSet's name")
    add_path(parser)
    parser.add_argument("--store", metavar="STORE", help="the Store it is in")
    places = parser.add_mutually_exclusive_group()
    places.add_argument("--table", metavar="TABLE", help="the table, e.g. raw.users")
    places.add_argument("--prefix", metavar="PREFIX", help="the file or folder below the Store's own")
    places.add_argument("--topic", metavar="TOPIC", help="the topic")
    for name, choices in _CHOICES.items():
        parser.add_argument(f"--{name}", choices=choices, help=f"its {name}")
    for name, meaning in _TEXTS.items():
        parser.add_argument(f"--{name}", metavar=name.upper(), help=meaning)
    parser.add_argument("--interactive", action="store_true", help="ask for what is not given, columns too")
    parser.add_argument("--force", action="store_true", help="change one that is there; what is not given stays")
    parser.add_argument("--output", choices=("text", "json"), default="text", help="for people or programs")


def run(options: Namespace) -> int:
    demand_name(options.name)
    project = read(scope(options.path).root)[0]
    _refuse_namesake(project, options.name, force=options.force)
    values = {name: getattr(options, name) for name in ("store", *PLACES, *_CHOICES, *_TEXTS)}
    values = {name: value for name, value in values.items() if value is not None}
    if "store" in values:
        known("Store", values["store"], project.stores)
    is_there = options.name in project.datasets
    if options.interactive:
        from datakit_iac.cli.scaffold.dataset_questions import answers

        values = answers(project, values, is_new=not is_there)
    written = (_changed if is_there else _new)(project, options.name, values, force=options.force)
    if options.output == "json":
        print(json.dumps({"name": options.name, **written.as_dict()}, indent=2))
    else:
        print("\n".join([f"DataSet {options.name}:", *written.lines()]))
    return exit_codes.FINE


def _refuse_namesake(project: Project, name: str, *, force: bool) -> None:
    if project.is_broken(name, "DataSet", "DataSetGroup"):
        raise exit_codes.UsageError(f"there is a manifest {name!r} already, and it is invalid", "`dk lint` shows where")
    there = project.groups.get(name) or project.datasets.get(name)
    if there is None or (force and there.kind == "DataSet"):
        return
    hint = "`--force` changes what is given and keeps the rest" if there.kind == "DataSet" else "take another name"
    raise exit_codes.UsageError(f"there is a {there.kind} {name!r} already, in {project.where(there)}", hint)


def _new(project: Project, name: str, values: dict[str, Any], *, force: bool) -> files.Written:
    from datakit_iac.cli.scaffold.layout import place
    from datakit_iac.manifest.writing import to_yaml

    if "store" not in values or not any(each in values for each in PLACES):
        hint = "--store STORE, and one of --table, --prefix, --topic; or --interactive"
        raise exit_codes.UsageError("a new DataSet needs a Store and its place there", hint)
    dataset = _valid(name, values)
    file, text = place(project, "DataSet", name), to_yaml(dataset)
    if force and file.is_file():
        return files.replace(file, _appended(file, text))
    return files.write({file: text})


def _valid(name: str, values: dict[str, Any]) -> Any:
    from pydantic import ValidationError

    from datakit_iac.manifest import wording
    from datakit_iac.manifest.models.dataset import DataSet

    try:
        return DataSet.model_validate({"metadata": {"name": name}, "spec": values})
    except ValidationError as invalid:
        faults = (f"{each['loc'][-1]}: {wording.sentence(each)}" for each in invalid.errors())
        raise exit_codes.UsageError("; ".join(faults)) from None


def _appended(file: Path, text: str) -> str:
    """A file of other documents with one more."""
    import yaml

    before = file.read_bytes().decode()
    try:
        list(yaml.safe_load_all(before))
    except yaml.YAMLError:
        raise exit_codes.UsageError(
            f"{file} is there and is not valid YAML; nothing was written", "fix it, or move it"
        ) from None
    return f"{before}{'' if before.endswith(chr(10)) else chr(10)}---\n{text}"


def _changed(project: Project, name: str, values: dict[str, Any], *, force: bool) -> files.Written:
    from datakit_iac.cli.scaffold.editing import NotEditableError, edited

    there = project.datasets[name]
    origin, place = project.origin(there), next((each for each in PLACES if each in values), None)
    renamed = {each: place for each in PLACES if place and getattr(there.spec, each) and each != place}
    now = there.spec.model_dump(by_alias=True, exclude_unset=True)
    _valid(name, {**{renamed.get(key, key): value for key, value in now.items()}, **values})
    if origin.declared_at:
        raise exit_codes.UsageError(f"{project.where(there)} is Python, which is not changed here", "edit the file")
    before = origin.file.read_bytes().decode()
    try:
        after = edited(before, origin.document, values, renamed)
    except NotEditableError as fault:
        raise exit_codes.UsageError(
            f"{project.where(there)} cannot be changed here: {fault}", "edit the file"
        ) from None
    return files.replace(origin.file, after) if after != before else files.Written([])
