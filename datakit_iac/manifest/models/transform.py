"""Transform: compute that reads DataSets and writes DataSets."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from datakit_iac.manifest import rules
from datakit_iac.manifest.models.common import Manifest, Model, Name
from datakit_iac.manifest.values.duration import Duration
from datakit_iac.manifest.values.image import ImageReference
from datakit_iac.manifest.values.quantity import Quantity
from datakit_iac.manifest.values.schedule import Cron, TimeZone
from datakit_iac.manifest.values.versions import VersionRange

RuntimeName = Literal["cloudquery", "dbt", "generic-python", "generic-go"]
GENERIC: Final = ("generic-python", "generic-go")
"""The runtimes that run what a Transform says, and nothing of their own."""

WriteMode = Literal["append", "overwrite", "overwrite-delete-stale"]

_KUBERNETES_NAME: Final = r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$"
"""A name of Kubernetes (RFC 1123, subdomain)."""


_ONE_WAY: Final[dict[str, Any]] = {"oneOf": [{"required": ["dataset"]}, {"required": ["tags"]}]}


class Port(Model):
    """One input or output: a DataSet or DataSetGroup by name, or every DataSet that has all the tags.

    >>> Port(tags={"domain": "flights", "tier": "silver"}, version="^1.2")
    Port(dataset=None, tags={'domain': 'flights', 'tier': 'silver'}, version='^1.2', cell=None)
    """

    model_config = ConfigDict(json_schema_extra=_ONE_WAY)

    dataset: Name | None = None
    tags: Annotated[dict[str, str], Field(min_length=1)] | None = None
    version: VersionRange = ""
    cell: Annotated[str, Field(min_length=1)] | None = None

    _one_way = model_validator(mode="after")(rules.one_way)


class Schedule(Model):
    """When a scheduled Transform starts."""

    cron: Cron
    timezone: TimeZone = "UTC"
    suspend: bool = False


class Trigger(Model):
    """What makes a Transform run."""

    policy: Literal["on-change", "schedule", "manual", "composite"] = "on-change"
    schedule: Schedule | None = None
    policies: list[Literal["on-change", "schedule", "manual"]] = Field(default_factory=list)

    @property
    def on_change(self) -> bool:
        """Whether `up` runs it when something it depends on changed."""
        return self.policy == "on-change" or "on-change" in self.policies

    _complete = model_validator(mode="after")(rules.trigger_complete)


class TablePair(Model):
    """One table of a CloudQuery sync: the input DataSet it comes from and the output DataSet it goes to."""

    from_: Name = Field(alias="from")
    to: Name


Share = Annotated[str, BeforeValidator(rules.number, json_schema_input_type=int | str), AfterValidator(rules.share)]


class OnError(Model):
    """Where records go that cannot be loaded, and how many of each table may: a number, or a share such as ``0.1%``."""

    quarantine: Name
    max: Share | None = None


class CloudQuerySection(Model):
    """What a Transform of runtime `cloudquery` moves, and how it writes."""

    tables: list[TablePair] = Field(default_factory=list)
    write_mode: WriteMode = "overwrite-delete-stale"
    on_error: Annotated[
        OnError | None, BeforeValidator(rules.on_error, json_schema_input_type=Literal["fail"] | OnError)
    ] = None


class DbtSection(Model):
    """What a Transform of runtime `dbt` builds: a dbt project's folder and dbt's own selection."""

    project: str = ""
    select: list[str] = Field(default_factory=list)
    exclude: list[str] = Field(default_factory=list)


class KeyReference(Model):
    """A key of a Kubernetes Secret or ConfigMap."""

    name: Annotated[str, Field(pattern=_KUBERNETES_NAME)]
    key: Annotated[str, Field(pattern=r"^[-._a-zA-Z0-9]{1,253}$")]


class ValueFrom(Model):
    """Where the value of a variable is kept: exactly one of the two."""

    secret_key_ref: KeyReference | None = None
    config_map_key_ref: KeyReference | None = None

    _exactly_one = model_validator(mode="after")(rules.one_reference)


VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class EnvironmentVariable(Model):
    """One variable of a job's process: a value, or where it is kept."""

    name: VariableName
    value: str | None = None
    value_from: ValueFrom | None = None

    _exactly_one = model_validator(mode="after")(rules.one_value)


Amount = Annotated[Quantity, BeforeValidator(rules.number, json_schema_input_type=str | float)]


class ResourceAmounts(Model):
    """Processors, memory and disk, as Kubernetes writes quantities."""

    cpu: Amount | None = None
    memory: Amount | None = None
    ephemeral_storage: Amount | None = None


class Resources(Model):
    """What a job is given, and what it may use at most."""

    requests: ResourceAmounts = ResourceAmounts()
    limits: ResourceAmounts = ResourceAmounts()

    _requests_within_limits = model_validator(mode="after")(rules.requests_within_limits)


class LineageSection(Model):
    """What a Transform tells of its Runs, as OpenLineage events (https://openlineage.io)."""

    enabled: bool = True
    emitter: str = ""
    heartbeat_interval: Duration | None = None
    namespace: str = ""


class TransformSpec(Model):
    """What runs, on what, when."""

    runtime: RuntimeName
    mode: Literal["batch", "streaming"] = "batch"
    description: str = ""
    inputs: list[Port] = Field(default_factory=list)
    outputs: Annotated[list[Port], Field(min_length=1)]
    trigger: Trigger = Trigger()
    timeout: Duration | None = None
    retries: Annotated[int, Field(ge=0, le=100)] = 0
    image: ImageReference | None = None
    command: Annotated[list[str], BeforeValidator(rules.arguments, json_schema_input_type=str | list[str])] = Field(
        default_factory=list
    )
    env: list[EnvironmentVariable] = Field(default_factory=list)
    resources: Annotated[
        Resources, BeforeValidator(rules.amounts, json_schema_input_type=Resources | ResourceAmounts)
    ] = Resources()
    replicas: Annotated[int, Field(ge=1, le=100)] = 1
    lineage: LineageSection | None = None
    service_account_name: Annotated[str, Field(pattern=_KUBERNETES_NAME)] | None = None
    cloudquery: CloudQuerySection | None = None
    dbt: DbtSection | None = None

    _own_section = model_validator(mode="after")(rules.own_section)

    _variables_differ = model_validator(mode="after")(rules.variables_differ)


class Transform(Manifest):
    """Compute that reads DataSets and writes DataSets; the pipeline's graph emerges from its ports."""

    kind: Literal["Transform"] = "Transform"
    spec: TransformSpec
