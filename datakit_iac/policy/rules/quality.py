"""Rules of quality."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from datakit_iac.manifest.models.dataset import Tier
from datakit_iac.manifest.models.document import Model
from datakit_iac.policy.model import DataSetFacts, TransformFacts
from datakit_iac.policy.project_facts import ProjectFacts
from datakit_iac.policy.rule import Violation, rule


class TierRequirements(Model):
    """What outputs of a tier have."""

    tiers: dict[Tier, Annotated[list[Literal["tests", "documentation"]], Field(min_length=1)]] = Field(
        default={"gold": ["tests", "documentation"]}
    )


@rule("tier-requirements", "dataset", arguments=TierRequirements)
def tier_requirements(dataset: DataSetFacts, arguments: TierRequirements, _: ProjectFacts) -> Iterator[Violation]:
    """Outputs of a tier have tests and documentation, in their manifest or in the dbt project that makes them."""
    required = {str(tier): wanted for tier, wanted in arguments.tiers.items()}.get(dataset.tier, [])
    if not dataset.is_output:
        return
    if "tests" in required and not _is_tested(dataset):
        message = f"DataSet {dataset.name} is {dataset.tier} and has no tests"
        hint = "give it `tests`, or a column of it, or the model that makes it"
        yield Violation(dataset.target, ("spec",), message, hint)
    if "documentation" in required:
        yield from _undocumented(dataset)


@rule("outputs-declared", "transform")
def outputs_declared(transform: TransformFacts, _arguments: Model, _: ProjectFacts) -> Iterator[Violation]:
    """Every table that a Transform makes is one of its outputs: it has a contract, an owner and tests."""
    if transform.beside:
        named = ", ".join(transform.beside)
        message = f"Transform {transform.name} makes {named}, and has no such output"
        hint = "declare a DataSet for it and add it to `outputs`, select it no more, or make it ephemeral"
        yield Violation(transform.target, ("spec", "outputs"), message, hint)


def _is_tested(dataset: DataSetFacts) -> bool:
    return bool(dataset.tests or dataset.elsewhere.tests or any(column.tests for column in dataset.columns))


def _undocumented(dataset: DataSetFacts) -> Iterator[Violation]:
    hint = "write a `description`, here or in the project that makes it"
    if not (dataset.description or dataset.elsewhere.description):
        message = f"DataSet {dataset.name} is {dataset.tier} and has no description"
        yield Violation(dataset.target, ("spec",), message, hint)
    for index, column in enumerate(dataset.columns):
        if not (column.description or column.name.lower() in dataset.elsewhere.columns):
            message = f"column {dataset.name}.{column.name} is {dataset.tier} and has no description"
            yield Violation(dataset.target, ("spec", "schema", index), message, hint)
