"""Environment: what is allowed in dev, stage or prod, and what the Stores' names mean there."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from datakit_iac.manifest import rules
from datakit_iac.manifest.models.common import Manifest, Model, Name, SecretReference
from datakit_iac.manifest.traits import Agreed, Bindings, Options
from datakit_iac.manifest.values.duration import Duration
from datakit_iac.manifest.values.quantity import Quantity

ApprovalMode = Literal["auto-merge", "team", "multi-party"]
ExecutorType = Literal["local", "kubernetes"]


class AllowedConnector(Model):
    """A Connector that may be used, and in which versions."""

    name: Name
    version: str = ""


class Approval(Agreed, Model):
    """Who must agree before something is applied."""

    mode: ApprovalMode = "auto-merge"
    required: int | None = None
    approvers: list[str] = Field(default_factory=list)
    max_age: Duration | None = None

    _can_be_kept = model_validator(mode="after")(rules.approval_can_be_given)


class Quotas(Model):
    """How much an environment may hold and use."""

    transforms: Annotated[int, Field(ge=0)] | None = None
    concurrent_runs: Annotated[int, Field(ge=1)] | None = None
    cpu: Quantity | None = None
    memory: Quantity | None = None
    storage: Quantity | None = None
    min_schedule_interval: Duration | None = None


class ExecutorSection(Model):
    """Where jobs run."""

    model_config = ConfigDict(extra="allow")

    type: ExecutorType = "local"


class Lineage(Model):
    """Where OpenLineage events go (https://openlineage.io/docs/spec/producers)."""

    endpoint: Annotated[str, AfterValidator(rules.address)]
    namespace: str = ""


class BindingSection(Options, Model):
    """What a Store's or DataSet's name means in one environment: a technology and its connection, or a place."""

    model_config = ConfigDict(extra="allow")

    type: Name | None = None
    secrets: dict[str, SecretReference] = Field(default_factory=dict)
    create: bool | None = None
    table: str | None = None
    prefix: str | None = None
    topic: str | None = None
    vars: dict[str, Any] = Field(default_factory=dict)


class EnvironmentSpec(Model):
    """The rules of one environment."""

    connectors: list[AllowedConnector] | None = None
    versions: Literal["exact", "ranges"] = "ranges"
    approval: Annotated[
        Approval, BeforeValidator(rules.approval_mode, json_schema_input_type=ApprovalMode | Approval)
    ] = Approval()
    quotas: Quotas = Quotas()
    executor: Annotated[
        ExecutorSection, BeforeValidator(rules.executor_type, json_schema_input_type=ExecutorType | ExecutorSection)
    ] = ExecutorSection()
    deletion: Literal["retain", "delete"] = "retain"
    lineage: Lineage | None = None
    vars: dict[str, Any] = Field(default_factory=dict)
    bindings_required: bool = False
    bindings: dict[str, BindingSection] = Field(default_factory=dict)


class Environment(Bindings, Manifest):
    """One environment; its name is the Pulumi stack's. `bindings` stand at the top level or under `spec`."""

    kind: Literal["Environment"] = "Environment"
    spec: EnvironmentSpec = EnvironmentSpec()
    bindings: dict[str, BindingSection] = Field(default_factory=dict)

    _bound_once = model_validator(mode="after")(rules.bound_once)
