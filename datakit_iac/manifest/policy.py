"""Policy: rules that a project keeps, how strictly, and who is excused."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from datakit_iac.manifest.dataset import Day
from datakit_iac.manifest.document import Manifest, Model

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
    """One rule by its name, with its arguments; its own enforcement stands before its policy's."""

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
    waivers: list[Waiver] = Field(default_factory=list)


class Policy(Manifest):
    """A set of rules over the resolved project."""

    kind: Literal["Policy"] = "Policy"
    spec: PolicySpec
