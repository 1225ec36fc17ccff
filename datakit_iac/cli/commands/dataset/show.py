"""Show one DataSet: its contract, where it is declared, who writes and who reads it."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from datakit_iac.cli import listing
from datakit_iac.manifest.wording import short

if TYPE_CHECKING:
    from datakit_iac.manifest.models.column import Column
    from datakit_iac.manifest.models.dataset import DataSet
    from datakit_iac.manifest.project import Project

_NOT_HERE: Final = ("columns", "tests", "consents", "dev", "previous_names")
"""What has a table of its own, or is for the manifest's authors."""


def configure(parser: ArgumentParser) -> None:
    listing.add_show(parser, "DATASET")


def run(options: Namespace) -> int:
    return listing.show_one(options, "DataSet", "datasets", _neighbours, _text)


def _neighbours(project: Project, dataset: DataSet) -> dict[str, list[str]]:
    from datakit_iac.pipeline.graph import build

    graph = build(project)[0]
    groups = [group.name for group in project.groups.values() if dataset.name in group.spec.datasets]
    return {
        "writers": list(graph.writers.get(dataset.name, ())),
        "readers": list(graph.readers.get(dataset.name, ())),
        "groups": groups,
    }


def _text(dataset: DataSet, neighbours: Mapping[str, Any]) -> Iterator[str]:
    spec = dataset.spec
    # A field that the spec leaves out may be in the metadata.
    said = {
        field.alias or name: getattr(dataset, name, getattr(spec, name))
        for name, field in type(spec).model_fields.items()
        if name not in _NOT_HERE
    }
    yield from listing.fields(
        {
            "description": dataset.description,
            **{name: _in_a_line(value) for name, value in said.items()},
            "written by": neighbours["writers"],
            "read by": neighbours["readers"],
            "in groups": neighbours["groups"],
        }
    )
    if spec.columns:
        yield from ("", *listing.table([_column(column) for column in spec.columns]))


def _in_a_line(value: Any) -> Any:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {short(each)}" for name, each in value.items())
    return value


def _column(column: Column) -> dict[str, Any]:
    return {
        "COLUMN": column.name,
        "TYPE": str(column.type),
        "KEY": "primary" if column.primary_key else "",
        "REQUIRED": "yes" if column.required else "",
        "PII": column.pii,
        "FROM": column.from_,
        "DESCRIPTION": column.description,
    }
