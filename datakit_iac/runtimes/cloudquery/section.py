"""The section of a Transform for CloudQuery: which input becomes which output, and how rows are written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from datakit_iac.manifest.models.document import Model, Name, nothing, number_as_text
from datakit_iac.manifest.models.section import Section
from datakit_iac.manifest.values.write_mode import DELETE_STALE, WriteMode

if TYPE_CHECKING:
    from datakit_iac.findings.finding import Finding
    from datakit_iac.manifest.models.transform import Transform
    from datakit_iac.manifest.project import Project

QUARANTINE: Final = ("spec", "cloudquery", "onError", "quarantine")
"""Where a Transform names its quarantine."""


class TablePair(Model):
    """One table of a CloudQuery sync: the input DataSet it comes from and the output DataSet it goes to."""

    from_: Name = Field(alias="from")
    to: Name


def share(text: str) -> str:
    """A number of records, or a share of them.

    Raises:
        ValueError: the text is neither.
    """
    if not re.fullmatch(r"\d+|(\d{1,2}(\.\d+)?|100(\.0+)?)%", text):
        raise ValueError(f"{text!r} is not a number of records; expected for instance 100 or 0.1%")
    return text


def on_error(value: object) -> object:
    """What happens to records that cannot be loaded; `fail` is the default.

    Raises:
        ValueError: it says something else.
    """
    if value == "fail" or value is None:
        return None
    if not isinstance(value, Mapping) and not hasattr(value, "quarantine"):
        raise ValueError("expected fail, or {quarantine: A-DATASET, max: 100} where max may be a share such as 0.1%")
    return value


Share = Annotated[str, BeforeValidator(number_as_text, json_schema_input_type=int | str), AfterValidator(share)]


class OnError(Model):
    """The quarantine of records that cannot be loaded, and how many of each table may go there: ``5``, ``0.1%``."""

    quarantine: Name
    max: Share | None = None


ErrorChoice = Annotated[OnError | None, BeforeValidator(on_error, json_schema_input_type=Literal["fail"] | OnError)]


class CloudQuerySection(Section):
    """What a Transform of runtime `cloudquery` moves, and how it writes."""

    tables: list[TablePair] = Field(default_factory=nothing)
    write_mode: WriteMode = DELETE_STALE
    on_error: ErrorChoice = None

    @property
    def writes(self) -> tuple[str, ...]:
        """The quarantine."""
        return (self.on_error.quarantine,) if self.on_error else ()

    def findings(self, project: Project, transform: Transform) -> Iterator[Finding]:
        """What is wrong with the quarantine."""
        for name in self.writes:
            yield from _of_quarantine(project, transform, name)


def _of_quarantine(project: Project, transform: Transform, wanted: str) -> Iterator[Finding]:
    # Late: few projects have a quarantine.
    from datakit_iac.cloudquery_plugins.quarantine import REMEDY, misfits
    from datakit_iac.findings.nearest import closest

    origin, dataset = project.origin(transform), project.datasets.get(wanted)
    if dataset is None:
        if not project.is_broken(wanted, "DataSet"):
            message = f"Transform {transform.name} has the quarantine {wanted!r}, and no such DataSet is declared"
            near = closest(wanted, project.datasets)
            hint = f"did you mean {near!r}?" if near else f"declare it, in the Store of the outputs, with {REMEDY}"
            yield origin.finding("unknown-dataset", message, QUARANTINE, hint=hint)
        return
    if wrong := misfits(dataset.spec.columns):
        message = f"DataSet {wanted} is the quarantine of Transform {transform.name}, and {'; '.join(wrong)}"
        yield project.origin(dataset).finding("quarantine-schema", message, ("spec", "schema"), hint=REMEDY)
    named = (each.dataset or "" for each in transform.spec.outputs)
    stores = {project.datasets[each].spec.store: each for each in named if each in project.datasets and each != wanted}
    stores.pop(dataset.spec.store, None)
    for store, output in stores.items():
        message = (
            f"the quarantine {wanted} of Transform {transform.name} is in Store {dataset.spec.store}, and its output"
            f" {output} in Store {store}: one commit cannot hold both"
        )
        yield origin.finding("quarantine-store", message, QUARANTINE, hint=f"a quarantine in Store {store}")
