"""Rules of names, owners and retention."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from datakit_iac.manifest.models.dataset import Classification
from datakit_iac.manifest.models.document import Model
from datakit_iac.policy.model import ConnectorFacts, DataSetFacts, StoreFacts, TransformFacts
from datakit_iac.policy.project_facts import ProjectFacts
from datakit_iac.policy.rule import Remedy, Violation, rule


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as fault:
        raise ValueError(f"{pattern!r} is not a regular expression: {fault}") from fault
    return pattern


class Naming(Model):
    """A pattern for whole names, and whose."""

    pattern: Annotated[str, AfterValidator(_compiles)]
    kinds: Annotated[list[Literal["connector", "store", "dataset", "transform", "column"]], Field(min_length=1)] = [
        "dataset",
        "transform",
    ]


@rule("naming", "connector", "store", "dataset", "transform", arguments=Naming)
def naming(
    subject: ConnectorFacts | StoreFacts | DataSetFacts | TransformFacts, arguments: Naming, _: ProjectFacts
) -> Iterator[Violation]:
    """Names of the `kinds` have the form of `pattern`, from their first letter to their last."""
    pattern, hint = re.compile(arguments.pattern), f"a name of the form {arguments.pattern}"
    if subject.target.kind in arguments.kinds and not pattern.fullmatch(subject.name):
        message = f"{subject.target.kind} {subject.name} is not named as {arguments.pattern} asks"
        yield Violation(subject.target, ("metadata", "name"), message, hint)
    if "column" in arguments.kinds and isinstance(subject, DataSetFacts):
        for index, column in enumerate(subject.columns):
            if not pattern.fullmatch(column.name):
                message = f"column {subject.name}.{column.name} is not named as {arguments.pattern} asks"
                yield Violation(subject.target, ("spec", "schema", index, "name"), message, hint)


class OwnerRequired(Model):
    """The owner of a DataSet that names none; CrossGuard can set it."""

    default: str = ""


@rule("owner-required", "dataset", arguments=OwnerRequired)
def owner_required(dataset: DataSetFacts, arguments: OwnerRequired, _: ProjectFacts) -> Iterator[Violation]:
    """Every DataSet has an owner."""
    if not dataset.owner:
        remedy = Remedy(("spec", "owner"), arguments.default) if arguments.default else None
        hint = f"owner: {arguments.default or '…'}"
        yield Violation(dataset.target, ("spec",), f"DataSet {dataset.name} has no owner", hint, remedy)


class RetentionRequired(Model):
    """Whose retention must be said."""

    classifications: Annotated[list[Classification], Field(min_length=1)] = ["confidential", "restricted"]


@rule("retention-required", "dataset", arguments=RetentionRequired)
def retention_required(dataset: DataSetFacts, arguments: RetentionRequired, _: ProjectFacts) -> Iterator[Violation]:
    """DataSets of the `classifications` that are kept here say for how long."""
    if dataset.classification in arguments.classifications and not dataset.retention and not dataset.is_external:
        message = f"DataSet {dataset.name} is {dataset.classification} and does not say how long it is kept"
        yield Violation(dataset.target, ("spec",), message, "retention: 90d")
