"""A rule: a pure function over facts, with the name, scope and arguments that policies know it by."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from datakit_iac.manifest.models.document import Model
from datakit_iac.policy.model import EnvironmentFacts, Scope, Step, Target
from datakit_iac.policy.project_facts import ProjectFacts, Subject


@dataclass(frozen=True, slots=True)
class Remedy:
    """The fix of a violation, where there is only one: a field and the value it should have."""

    path: tuple[Step, ...]
    value: str | bool


@dataclass(frozen=True, slots=True)
class Violation:
    """What breaks a rule.

    Unlike a `Fault` it names the manifest it is about, of which a rule sees many, and has no code, which is the name of
    the rule in the policy that declares it.

    Attributes:
        target: the manifest it is about.
        path: the field, from the manifest's root.
        message: what was found and what was expected, in one sentence.
        hint: what to do.
        remedy: the fix, where there is only one.
    """

    target: Target
    path: tuple[Step, ...]
    message: str
    hint: str = ""
    remedy: Remedy | None = None


class NoArguments(Model):
    """The arguments of a rule that takes none."""


Check = Callable[[Any, Any, ProjectFacts], Iterable[Violation]]


def _always(_: EnvironmentFacts) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as policies know it.

    Attributes:
        name: its name, which is the code of its findings.
        scopes: what it looks at, one at a time; a rule of the scope ``project`` needs everything at once.
        check: the function: the subject, the arguments and the project give violations.
        arguments: the model of its arguments.
        applies: whether it means anything in an environment.
        unasked: whether it applies to an environment though no policy names it, where it is one of ours that holds so.
    """

    name: str
    scopes: tuple[Scope, ...]
    check: Check
    arguments: type[Model] = NoArguments
    applies: Callable[[EnvironmentFacts], bool] = _always
    unasked: Callable[[EnvironmentFacts], bool] = _always

    @property
    def summary(self) -> str:
        """What it asks for, in one line: the first of the function's docstring."""
        return (inspect.getdoc(self.check) or "").partition("\n")[0]

    @property
    def argument_names(self) -> tuple[str, ...]:
        """The names of its arguments, as policies write them."""
        return tuple(field.alias or name for name, field in self.arguments.model_fields.items())

    def __call__(self, subject: Subject, arguments: Model, project: ProjectFacts) -> Iterable[Violation]:
        """The violations of one subject."""
        return self.check(subject, arguments, project)


F = TypeVar("F", bound=Check)


def rule(
    name: str,
    *scopes: Scope,
    arguments: type[Model] = NoArguments,
    applies: Callable[[EnvironmentFacts], bool] = _always,
    unasked: Callable[[EnvironmentFacts], bool] = _always,
) -> Callable[[F], Rule]:
    """Make a function a rule.

    >>> from datakit_iac.policy.model import DataSetFacts
    >>> @rule("described", "dataset")
    ... def described(dataset, arguments, project):
    ...     '''Every DataSet has a description.'''
    ...     if not dataset.description:
    ...         yield Violation(dataset.target, ("spec",), f"DataSet {dataset.name} has no description")
    >>> described.summary
    'Every DataSet has a description.'

    Args:
        name: the rule's name.
        scopes: what the function is called for, one at a time.
        arguments: the model of the arguments it takes from a policy.
        applies: whether it means anything in an environment.
        unasked: whether it applies to an environment though no policy names it, where it is one of ours that holds so.
    """
    return lambda check: Rule(name, scopes, check, arguments, applies, unasked)
