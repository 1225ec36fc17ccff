"""Environment: what is allowed in dev, stage or prod, and what the Stores' names mean there."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from datakit_iac.manifest.document import Manifest, Model, Name
from datakit_iac.manifest.duration import Duration
from datakit_iac.manifest.secret import SecretReference

ApprovalMode = Literal["auto-merge", "team", "multi-party"]
ExecutorType = Literal["local", "kubernetes"]


class AllowedConnector(Model):
    """A Connector that may be used, and in which versions."""

    name: Name
    version: str = ""


class Approval(Model):
    """Who must agree before something is applied."""

    mode: ApprovalMode = "auto-merge"
    required: int | None = None
    approvers: list[str] = Field(default_factory=list)
    max_age: Duration | None = None

    @property
    def needed(self) -> int:
        """How many people other than the author must agree."""
        return max(_AT_LEAST[self.mode], self.required or 0) if self.mode != "auto-merge" else 0

    @model_validator(mode="after")
    def _can_be_kept(self) -> Approval:
        if self.required is not None and self.required < _AT_LEAST[self.mode]:
            raise ValueError(f"{self.mode} asks for at least {_AT_LEAST[self.mode]}; `required` can only ask for more")
        if self.approvers and len({each.casefold() for each in self.approvers}) < self.needed:
            raise ValueError(f"{self.needed} must agree, and there are only {len(self.approvers)} approvers")
        return self


_AT_LEAST: Final[dict[ApprovalMode, int]] = {"auto-merge": 0, "team": 1, "multi-party": 2}


class Quotas(Model):
    """How much an environment may hold and use."""

    transforms: int | None = None
    concurrent_runs: int | None = None
    cpu: str | None = None
    memory: str | None = None
    storage: str | None = None
    min_schedule_interval: str | None = None


class ExecutorSection(Model):
    """Where jobs run."""

    model_config = ConfigDict(extra="allow")

    type: ExecutorType = "local"


class BindingSection(Model):
    """What a Store's or DataSet's name means in one environment: a technology and its connection, or a place."""

    model_config = ConfigDict(extra="allow")

    type: Name | None = None
    secrets: dict[str, SecretReference] = Field(default_factory=dict)
    create: bool | None = None
    table: str | None = None
    prefix: str | None = None
    topic: str | None = None

    @property
    def connection(self) -> dict[str, Any]:
        """The options of the connection: every field that is not one of the binding's own."""
        return dict(self.model_extra or {})


def _mode(value: object) -> object:
    return {"mode": value} if isinstance(value, str) else value


def _type(value: object) -> object:
    return {"type": value} if isinstance(value, str) else value


class EnvironmentSpec(Model):
    """The rules of one environment."""

    connectors: list[AllowedConnector] | None = None
    versions: Literal["exact", "ranges"] = "ranges"
    approval: Annotated[Approval, BeforeValidator(_mode, json_schema_input_type=ApprovalMode | Approval)] = Approval()
    quotas: Quotas = Quotas()
    executor: Annotated[
        ExecutorSection, BeforeValidator(_type, json_schema_input_type=ExecutorType | ExecutorSection)
    ] = ExecutorSection()
    deletion: Literal["retain", "delete"] = "retain"
    bindings: dict[str, BindingSection] = Field(default_factory=dict)


class Environment(Manifest):
    """One environment; its name is the Pulumi stack's. `bindings` stand at the top level or under `spec`."""

    kind: Literal["Environment"] = "Environment"
    spec: EnvironmentSpec = EnvironmentSpec()
    bindings: dict[str, BindingSection] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _bound_once(self) -> Environment:
        keys = [key.replace("_", "-") for key in (*self.bindings, *self.spec.bindings)]
        if twice := sorted({key for key in keys if keys.count(key) > 1}):
            raise ValueError(f"bound twice: {', '.join(twice)}; `-` and `_` are the same, at the top and under spec")
        return self

    def binding(self, name: str) -> BindingSection | None:
        """The binding of a Store or DataSet; `-` and `_` in its key are the same."""
        wanted = name.replace("_", "-")
        both = {**self.spec.bindings, **self.bindings}
        return next((found for key, found in both.items() if key.replace("_", "-") == wanted), None)
