"""Rules of security: how data must be handled, and where personal data goes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, get_args

from datakit_iac.manifest.models.column import Masking
from datakit_iac.manifest.models.dataset import Classification
from datakit_iac.manifest.models.document import Model
from datakit_iac.policy.model import ColumnFacts, DataSetFacts, EnvironmentFacts
from datakit_iac.policy.project_facts import ProjectFacts
from datakit_iac.policy.rule import NoArguments, Remedy, Violation, rule


class ClassificationRequired(Model):
    """The classification of an output that has none; CrossGuard can set it."""

    default: Classification = "internal"


@rule("classification-required", "dataset", arguments=ClassificationRequired)
def classification_required(
    dataset: DataSetFacts, arguments: ClassificationRequired, _: ProjectFacts
) -> Iterator[Violation]:
    """Every output has a classification."""
    if dataset.is_output and dataset.classification not in get_args(Classification):
        found = f"the classification {dataset.classification!r}" if dataset.classification else "no classification"
        expected = f"; expected {', '.join(get_args(Classification))}"
        message = f"DataSet {dataset.name} is an output and has {found}{expected if dataset.classification else ''}"
        remedy = None if dataset.classification else Remedy(("spec", "classification"), arguments.default)
        yield Violation(dataset.target, ("spec",), message, f"classification: {arguments.default}", remedy)


@rule("pii-declared", "dataset")
def pii_declared(dataset: DataSetFacts, _: NoArguments, __: ProjectFacts) -> Iterator[Violation]:
    """Every column of an output says `pii: true` or `pii: false`, so an output has a schema."""
    if not dataset.is_output:
        return
    if not dataset.columns:
        message = f"DataSet {dataset.name} is an output without a schema, so nothing says what in it is personal"
        yield Violation(dataset.target, ("spec",), message, "list its columns under `schema`, each with `pii`")
    for index, column in enumerate(dataset.columns):
        if column.pii is None:
            message = f"column {dataset.name}.{column.name} does not say whether it holds personal data"
            yield Violation(dataset.target, ("spec", "schema", index), message, "pii: true, or pii: false")


@rule("pii-not-public", "dataset")
def pii_not_public(dataset: DataSetFacts, _: NoArguments, __: ProjectFacts) -> Iterator[Violation]:
    """No column with personal data is in a DataSet that is public."""
    for index, column in enumerate(dataset.columns if dataset.classification == "public" else ()):
        if column.pii:
            message = f"column {dataset.name}.{column.name} holds personal data, and the DataSet is public"
            hint = "classify it confidential, or leave the column out"
            yield Violation(dataset.target, ("spec", "schema", index, "pii"), message, hint)


_HOW: Final = f"pii: true, or say how it is masked, `masking: {' | '.join(get_args(Masking))}`"


@rule("pii-propagates", "dataset")
def pii_propagates(dataset: DataSetFacts, _: NoArguments, project: ProjectFacts) -> Iterator[Violation]:
    """A column derived from personal data (`from`, however far) says `pii: true`, or by `masking` how it is masked."""
    for index, column in enumerate(dataset.columns):
        origin = project.inherited_pii.get((dataset.name, column.name.lower()))
        if origin is None or column.pii:
            continue
        path = ("spec", "schema", index, *(("pii",) if column.pii is False else ()))
        said = "says pii: false" if column.pii is False else "does not say so"
        message = f"column {dataset.name}.{column.name} comes from {origin}, which holds personal data, and {said}"
        remedy = Remedy(("spec", "schema", index, "pii"), True)
        yield Violation(dataset.target, path, message, _HOW, remedy)


def _has_approval(environment: EnvironmentFacts) -> bool:
    return environment.has_approval


_LINEAGE: Final = "`from: dataset.column` says what it is made of, and `from: []` that it is made of no column"


@rule("lineage-required", "dataset", unasked=_has_approval)
def lineage_required(dataset: DataSetFacts, _: NoArguments, project: ProjectFacts) -> Iterator[Violation]:
    """Columns of what is made from personal data say `from` or `pii: true`; silence does not count as clean."""
    if not (origins := [name for each in project.made_of(dataset) for name in project.personal(each).values()]):
        return
    if not dataset.columns:
        message = f"DataSet {dataset.name} has no schema, and is made from personal data ({origins[0]})"
        yield Violation(dataset.target, ("spec",), message, "list its columns under `schema`, each with `from`")
    for index, column in enumerate(dataset.columns):
        if not _tells(column):
            message = f"column {dataset.name}.{column.name} does not say what it is made of"
            message += f", and what makes it reads personal data ({origins[0]})"
            yield Violation(dataset.target, ("spec", "schema", index), message, _LINEAGE)


@rule("pii-suspected", "dataset")
def pii_suspected(dataset: DataSetFacts, _: NoArguments, project: ProjectFacts) -> Iterator[Violation]:
    """A column with the name of a column of personal data that what makes it reads says `from`, or `pii: true`."""
    origins = {name: each for source in project.made_of(dataset) for name, each in project.personal(source).items()}
    for index, column in enumerate(dataset.columns):
        if (origin := origins.get(column.name.lower())) and not _tells(column):
            message = f"column {dataset.name}.{column.name} has the name of {origin}, which holds personal data"
            yield Violation(
                dataset.target, ("spec", "schema", index), f"{message}, and does not say what it is made of", _LINEAGE
            )


def _tells(column: ColumnFacts) -> bool:
    return bool(column.pii or column.has_lineage or column.masking)
