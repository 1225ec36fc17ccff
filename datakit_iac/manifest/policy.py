"""Policy: rules that a project keeps, how strictly, and who is excused."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from datakit_iac.manifest.dataset import Day
from datakit_iac.manifest.document import Manifest, Model

Enforcement = Literal["advisory", "mandatory", "disabled"]


class Rule(Model):
    """One rule by its name, with its arguments."""

    model_config = ConfigDict(extra="allow")

    rule: str

    @property
    def arguments(self) -> dict[str, Any]:
        """Everything but the rule's name."""
        return dict(self.model_extra or {})


class Waiver(Model):
    """Leave to break a rule, for a target (``dataset/users``), until a day."""

    rule: str
    target: str
    owner: str
    reason: str
    expires: Day


class PolicySpec(Model):
    """Rules and how they are enforced, everywhere or by environment."""

    enforcement: Enforcement | dict[str, Enforcement] = "mandatory"
    rules: Annotated[list[Rule], Field(min_length=1)]
    waivers: list[Waiver] = Field(default_factory=list)


class Policy(Manifest):
    """A set of rules over the resolved project."""

    kind: Literal["Policy"] = "Policy"
    spec: PolicySpec
