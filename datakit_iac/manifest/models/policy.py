"""Policy: rules that a project keeps, how strictly, and who is excused."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from datakit_iac.manifest.models.document import Day, Manifest, Model, nothing

Enforcement = Literal["advisory", "mandatory", "disabled"]


EnforcementChoice = Enforcement | dict[str, Enforcement]
"""How strictly, everywhere or by environment; an environment that is not named is strict."""


def enforced(choice: EnforcementChoice, environment: str) -> Enforcement:
    """How strictly one environment takes it.

    >>> enforced({"dev": "advisory"}, "dev"), enforced({"dev": "advisory"}, "prod"), enforced("disabled", "prod")
    ('advisory', 'mandatory', 'disabled')
    """
    return choice if isinstance(choice, str) else choice.get(environment, "mandatory")


class Rule(Model):
    """One rule by its name, with its arguments; its own enforcement takes precedence over its policy's."""

    model_config = ConfigDict(extra="allow")

    rule: str
    enforcement: EnforcementChoice | None = None

    @property
    def arguments(self) -> dict[str, Any]:
        """Everything but the rule's name and its enforcement."""
        return dict(self.model_extra or {})


class Waiver(Model):
    """Leave to break a rule, for a target (``dataset/users``), up to and on a day."""

    rule: Annotated[str, Field(min_length=1)]
    target: Annotated[str, Field(pattern=r"^(connector|store|dataset|transform|environment)/.+$")]
    owner: Annotated[str, Field(min_length=1)]
    reason: Annotated[str, Field(min_length=1)]
    expires: Day


class PolicySpec(Model):
    """Rules and how they are enforced, everywhere or by environment."""

    enforcement: EnforcementChoice = "mandatory"
    rules: Annotated[list[Rule], Field(min_length=1)]
    waivers: list[Waiver] = Field(default_factory=nothing)

    def numbered_rules(self) -> Iterator[tuple[int, Rule]]:
        """The rules that can be read, each with its place among all that are written."""
        yield from ((index, each) for index, each in enumerate(self.rules) if each is not None)

    def numbered_waivers(self) -> Iterator[tuple[int, Waiver]]:
        """The waivers that can be read, each with its place among all that are written."""
        yield from ((index, each) for index, each in enumerate(self.waivers) if each is not None)


class Policy(Manifest):
    """A set of rules over the resolved project."""

    kind: Literal["Policy"] = "Policy"
    spec: PolicySpec


def _or(otherwise: object) -> WrapValidator:
    """Another value in place of one that cannot be read."""

    def read(value: object, inner: ValidatorFunctionWrapHandler) -> object:
        try:
            return inner(value)
        except ValidationError:
            return otherwise

    return WrapValidator(read)


class _ReadableSpec(PolicySpec):
    """What of a spec can be read; in the places of rules and waivers that cannot, there is none."""

    model_config = ConfigDict(extra="ignore")

    enforcement: Annotated[EnforcementChoice, _or("mandatory")] = "mandatory"
    rules: list[Annotated[Rule, _or(None)]]
    waivers: list[Annotated[Waiver, _or(None)]] = Field(default_factory=nothing)


class _Readable(Policy):
    model_config = ConfigDict(extra="ignore")

    spec: _ReadableSpec


def readable(document: Mapping[str, Any]) -> Policy | None:
    """What can be read of a Policy in which something is wrong, so that everything that is wrong is reported at once.

    Args:
        document: the whole manifest, in which faults were found already.
    """
    try:
        return _Readable.model_validate(document)
    except ValidationError:
        return None
