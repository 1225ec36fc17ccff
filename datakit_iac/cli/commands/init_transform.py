"""Add a Transform to a project, with all that its runtime needs, so that it can be checked and run at once.

DataSets that are not named are written with it: the output NAME, with the columns of the first input, and for
cloudquery the input NAME-source, a small CSV file. For generic-python it is a function, in ``transforms/NAME.py``.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from datakit_iac.cli import exit_codes
from datakit_iac.cli.lookup import demand_name, known
from datakit_iac.cli.project_scope import add_path, scope
from datakit_iac.cli.reading import read
from datakit_iac.cli.scaffold.layout import place

if TYPE_CHECKING:
    from datakit_iac.cli.scaffold.files import Written
    from datakit_iac.manifest.models.dataset import DataSet
    from datakit_iac.manifest.project import Project

RUNTIMES: Final = ("cloudquery", "dbt", "generic-python", "generic-go")


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the new Transform's name")
    add_path(parser)
    parser.add_argument("--runtime", choices=RUNTIMES, required=True, help="what runs it")
    for side in ("input", "output"):
        parser.add_argument(
            f"--{side}", action="append", default=[], metavar="DATASET", dest=f"{side}s", help=f"an {side}; repeatable"
        )
    parser.add_argument("--force", action="store_true", help="overwrite files; the old ones are kept as .orig")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="for people or programs")


def run(options: Namespace) -> int:
    from datakit_iac.cli.scaffold import files, transform_files

    demand_name(options.name)
    project = read(scope(options.path).root)[0]
    _refuse_namesake(project, options.name)
    named = [_named(project, each) for each in (options.inputs, options.outputs)]
    texts = transform_files.texts(project, transform_files.Asked(options.name, options.runtime), *named)
    return _report(options.name, files.write(texts, force=options.force), as_json=options.format == "json")


def package(name: str, runtime: str, mode: str, namespace: str, *, force: bool, as_json: bool) -> int:
    """Write a Transform where we are: with the DataSets that it needs in a project, by itself where there is none.

    Raises:
        UsageError: the name is none, or is taken; or the project has no Store for a new DataSet.
    """
    from datakit_iac.cli.scaffold import files, transform_files

    demand_name(name)
    root = scope(".").root
    project, asked = read(root)[0], transform_files.Asked(name, runtime, mode, namespace)
    _refuse_namesake(project, name)
    texts = transform_files.texts(project, asked, (), ()) if project.stores else transform_files.package(root, asked)
    return _report(name, files.write(texts, force=force), as_json=as_json)


def _report(name: str, written: Written, *, as_json: bool) -> int:
    if as_json:
        print(json.dumps(written.as_dict(), indent=2))
    else:
        print(f"{name}: {len(written.files)} files written")
        print("\n".join(written.lines()))
    return exit_codes.FINE


def _refuse_namesake(project: Project, name: str) -> None:
    """Refuse a name that another file has already; the very file that would be written is seen to on writing."""
    there = project.transforms.get(name)
    if there and project.origin(there).file != place(project, "Transform", name):
        raise exit_codes.UsageError(
            f"there is a Transform {name!r} already, in {project.where(there)}", "take another name"
        )


def _named(project: Project, names: Sequence[str]) -> list[DataSet]:
    return [known("DataSet", name, project.datasets) for name in names]
