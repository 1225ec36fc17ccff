"""Rules that a policy writes itself, in CEL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, Field

from datakit_iac.manifest.models.document import Model, Name
from datakit_iac.policy import cel
from datakit_iac.policy.project_facts import ProjectFacts, Subject
from datakit_iac.policy.rule import Violation, rule


def _compiles(expression: str) -> str:
    cel.compiled(expression)
    return expression


class Custom(Model):
    """An expression that must be true, and what to say where it is not."""

    name: Name
    expression: Annotated[str, Field(min_length=1), AfterValidator(_compiles)]
    message: Annotated[str, Field(min_length=1)]


@rule("custom", "connector", "store", "dataset", "transform", "project", arguments=Custom)
def custom(subject: Subject, arguments: Custom, project: ProjectFacts) -> Iterator[Violation]:
    """A CEL expression over one `connector`, `store`, `dataset` or `transform`, or the `project`, is true.

    Raises:
        expressions.ExpressionError: it comes to no answer for this subject.
    """
    expression = cel.compiled(arguments.expression)
    scope = "project" if isinstance(subject, ProjectFacts) else subject.target.kind
    if scope == expression.scope and not expression.holds(subject, project.environment):
        named = f"{scope} {subject.name}" if not isinstance(subject, ProjectFacts) else "the project"
        yield Violation(subject.target, ("spec",) if scope != "project" else (), f"{named}: {arguments.message}")
