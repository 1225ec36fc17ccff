"""The DataSet that a load puts records into that do not fit: what its schema must be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from datakit_iac.findings.finding import Finding
from datakit_iac.findings.nearest import closest
from datakit_iac.manifest.project import Project

if TYPE_CHECKING:  # a kind's model is imported when a manifest of it is read
    from datakit_iac.manifest.models.column import Column
    from datakit_iac.manifest.models.transform import Transform

COLUMNS: Final[Mapping[str, str]] = {
    "file": "string",
    "line": "bigint",
    "column": "string",
    "reason": "string",
    "raw": "string",
}
"""Its columns: the file and line of a record, the first column that does not fit, why, and the record as it came."""

REMEDY: Final = f"schema: [{', '.join(f'{{name: {name}, type: {kind}}}' for name, kind in COLUMNS.items())}]"

PATH: Final = ("spec", "cloudquery", "onError", "quarantine")
"""Where a Transform names it."""


def name(transform: Transform) -> str | None:
    """The DataSet that takes what a Transform cannot load; None where such a load fails."""
    section = transform.spec.cloudquery
    return section.on_error.quarantine if section and section.on_error else None


def misfits(columns: Sequence[Column]) -> list[str]:
    """What of a schema is not that of a quarantine.

    >>> from datakit_iac.manifest.models.column import Column
    >>> columns = [Column(name=name, type=kind) for name, kind in COLUMNS.items() if name != "raw"]
    >>> misfits([*columns, Column(name="note", type="string")])
    ['column note is none of it', 'there is no column raw']
    """
    found = {column.name.lower(): column for column in columns}
    wrong = [f"there is no column {name}" for name in COLUMNS if name not in found]
    wrong += [f"column {column.name} is none of it" for name, column in found.items() if name not in COLUMNS]
    wrong += [
        f"column {name} is {found[name].type}, expected {kind}"
        for name, kind in COLUMNS.items()
        if name in found and str(found[name].type) != kind
    ]
    if "column" in found and found["column"].required:
        wrong.append("column column is required, and a record that cannot be cut into values has none")
    return sorted(wrong, key=lambda each: "there is no" in each)


def quarantines(project: Project) -> Iterator[Finding]:
    """What is wrong with the quarantines that Transforms name."""
    for transform in project.transforms.values():
        if wanted := name(transform):
            yield from _of(project, transform, wanted)


def _of(project: Project, transform: Transform, wanted: str) -> Iterator[Finding]:
    origin, dataset = project.origin(transform), project.datasets.get(wanted)
    if dataset is None:
        if not project.is_broken(wanted, "DataSet"):
            message = f"Transform {transform.name} has the quarantine {wanted!r}, and no such DataSet is declared"
            near = closest(wanted, project.datasets)
            hint = f"did you mean {near!r}?" if near else f"declare it, in the Store of the outputs, with {REMEDY}"
            yield origin.finding("unknown-dataset", message, PATH, hint=hint)
        return
    if wrong := misfits(dataset.spec.columns):
        message = f"DataSet {wanted} is the quarantine of Transform {transform.name}, and {'; '.join(wrong)}"
        yield project.origin(dataset).finding("quarantine-schema", message, ("spec", "schema"), hint=REMEDY)
    named = (each.dataset or "" for each in transform.spec.outputs)
    stores = {project.datasets[each].spec.store: each for each in named if each in project.datasets and each != wanted}
    stores.pop(dataset.spec.store, None)
    for store, output in stores.items():
        message = (
            f"the quarantine {wanted} of Transform {transform.name} lies in Store {dataset.spec.store}, and its output"
            f" {output} in Store {store}: one commit cannot hold both"
        )
        yield origin.finding("quarantine-store", message, PATH, hint=f"a quarantine in Store {store}")
