"""Transform: compute that reads DataSets and writes DataSets."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from datakit_iac.manifest.models.document import Manifest, Model, Name, Quantity, open_name, repeated
from datakit_iac.manifest.values.duration import Duration
from datakit_iac.manifest.values.image import ImageReference
from datakit_iac.manifest.values.quantity import amount
from datakit_iac.manifest.values.schedule import Cron, TimeZone
from datakit_iac.manifest.values.versions import VersionRange
from datakit_iac.manifest.values.write_mode import DELETE_STALE, WriteMode

SECTIONS: Final = ("cloudquery", "dbt")
"""The runtimes whose sections are described here; any other's is a mapping, which that runtime checks."""

GENERIC: Final = ("generic-python", "generic-go")
"""The runtimes that run what a Transform says, and nothing of their own."""

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

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        """A port means DataSets by name or by tags."""
        if (self.dataset is None) == (self.tags is None):
            found = "both" if self.dataset else "none of them"
            raise ValueError(f"exactly one of dataset and tags is expected, found {found}")
        return self


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

    @model_validator(mode="after")
    def _complete(self) -> Self:
        """A trigger has what its policy needs, and nothing else."""
        is_scheduled = "schedule" in (self.policy, *self.policies)
        if is_scheduled and self.schedule is None:
            raise ValueError("a schedule needs `schedule: {cron: …}`")
        if self.schedule and not is_scheduled:
            expected = "schedule, or composite with schedule among its policies; to pause it, suspend: true"
            raise ValueError(f"`schedule` means nothing with policy {self.policy}; expected policy {expected}")
        if (self.policy == "composite") != bool(self.policies):
            raise ValueError("`policies` lists what a composite trigger is made of, and stands with it alone")
        return self

    @property
    def on_change(self) -> bool:
        """Whether `up` runs it when something it depends on changed."""
        return self.policy == "on-change" or "on-change" in self.policies


class TablePair(Model):
    """One table of a CloudQuery sync: the input DataSet it comes from and the output DataSet it goes to."""

    from_: Name = Field(alias="from")
    to: Name


def _number(value: object) -> object:
    """A quantity as text, where a number may stand for it, as Kubernetes does: ``cpu: 2`` is ``cpu: "2"``."""
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def share(text: str) -> str:
    """A number of records, or a share of them.

    Raises:
        ValueError: the text is neither.
    """
    if not re.fullmatch(r"\d+|(\d{1,2}(\.\d+)?|100(\.0+)?)%", text):
        raise ValueError(f"{text!r} is not a number of records; expected for instance 100 or 0.1%")
    return text


def on_error(value: object) -> object:
    """What becomes of records that cannot be loaded, where `fail` stands for nothing.

    Raises:
        ValueError: it says something else.
    """
    if value == "fail" or value is None:
        return None
    if not isinstance(value, Mapping) and not hasattr(value, "quarantine"):
        raise ValueError("expected fail, or {quarantine: A-DATASET, max: 100} where max may be a share such as 0.1%")
    return value


Share = Annotated[str, BeforeValidator(_number, json_schema_input_type=int | str), AfterValidator(share)]


class OnError(Model):
    """Where records go that cannot be loaded, and how many of each table may: a number, or a share such as ``0.1%``."""

    quarantine: Name
    max: Share | None = None


ErrorChoice = Annotated[OnError | None, BeforeValidator(on_error, json_schema_input_type=Literal["fail"] | OnError)]


class CloudQuerySection(Model):
    """What a Transform of runtime `cloudquery` moves, and how it writes."""

    tables: list[TablePair] = Field(default_factory=list)
    write_mode: WriteMode = DELETE_STALE
    on_error: ErrorChoice = None


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

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        """A value is kept in one place."""
        if (self.secret_key_ref is None) == (self.config_map_key_ref is None):
            raise ValueError("exactly one of secretKeyRef and configMapKeyRef is expected")
        return self


VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class EnvironmentVariable(Model):
    """One variable of a job's process: a value, or where it is kept."""

    name: VariableName
    value: str | None = None
    value_from: ValueFrom | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        """A variable has a value, or says where it is kept."""
        if (self.value is None) == (self.value_from is None):
            raise ValueError(f"exactly one of value and valueFrom is expected for {self.name}")
        return self


Amount = Annotated[Quantity, BeforeValidator(_number, json_schema_input_type=str | float)]


class ResourceAmounts(Model):
    """Processors, memory and disk, as Kubernetes writes quantities."""

    cpu: Amount | None = None
    memory: Amount | None = None
    ephemeral_storage: Amount | None = None


class Resources(Model):
    """What a job is given, and what it may use at most."""

    requests: ResourceAmounts = ResourceAmounts()
    limits: ResourceAmounts = ResourceAmounts()

    @model_validator(mode="after")
    def _requests_within_limits(self) -> Self:
        """Nothing is requested beyond its limit."""
        for name in ("cpu", "memory", "ephemeral_storage"):
            asked, most = getattr(self.requests, name), getattr(self.limits, name)
            if asked and most and amount(asked) > amount(most):
                raise ValueError(f"it requests {name} {asked}, more than its limit {most}")
        return self


class LineageSection(Model):
    """What a Transform tells of its Runs, as OpenLineage events (https://openlineage.io)."""

    enabled: bool = True
    emitter: str = ""
    heartbeat_interval: Duration | None = None
    namespace: str = ""


def _arguments(value: object) -> object:
    """A command as a list, where a line for the shell may stand for it."""
    return shlex.split(value) if isinstance(value, str) else value


def _amounts(value: object) -> object:
    """Requests and limits, where amounts of both may stand for them."""
    flat = ("cpu", "memory", "ephemeralStorage")
    if not isinstance(value, Mapping) or {*flat}.isdisjoint(value) or not {"requests", "limits"}.isdisjoint(value):
        return value
    both = {name: each for name, each in value.items() if name in flat}
    rest = {name: each for name, each in value.items() if name not in flat}
    return {**rest, "requests": both, "limits": both}


def _runtime(name: str) -> str:
    """The name of a runtime: any that may be installed, unless it is a slip for one that everybody has."""
    return open_name("datakit.runtimes", name, (*SECTIONS, *GENERIC))


def _with_other_sections(schema: dict[str, Any]) -> None:
    """Another runtime's section may stand there: JSON Schema cannot say that its name is that of the runtime."""
    schema["additionalProperties"] = {"type": "object"}
    schema["if"] = {"properties": {"runtime": {"enum": [*SECTIONS, *GENERIC]}}}
    schema["then"] = {"propertyNames": {"enum": [*schema["properties"]]}}


class TransformSpec(Model):
    """What runs, on what, when; a section with the name of its runtime is that runtime's own."""

    model_config = ConfigDict(json_schema_extra=_with_other_sections)

    runtime: Annotated[Name, AfterValidator(_runtime)]
    mode: Literal["batch", "streaming"] = "batch"
    description: str = ""
    inputs: list[Port] = Field(default_factory=list)
    outputs: Annotated[list[Port], Field(min_length=1)]
    trigger: Trigger = Trigger()
    timeout: Duration | None = None
    retries: Annotated[int, Field(ge=0, le=100)] = 0
    image: ImageReference | None = None
    command: Annotated[list[str], BeforeValidator(_arguments, json_schema_input_type=str | list[str])] = Field(
        default_factory=list
    )
    env: list[EnvironmentVariable] = Field(default_factory=list)
    resources: Annotated[Resources, BeforeValidator(_amounts, json_schema_input_type=Resources | ResourceAmounts)] = (
        Resources()
    )
    replicas: Annotated[int, Field(ge=1, le=100)] = 1
    lineage: LineageSection | None = None
    service_account_name: Annotated[str, Field(pattern=_KUBERNETES_NAME)] | None = None
    cloudquery: CloudQuerySection | None = None
    dbt: DbtSection | None = None

    _section: dict[str, Any] | None = PrivateAttr(None)

    @property
    def settings(self) -> dict[str, Any]:
        """What it says to its runtime, in the names of YAML."""
        if self.runtime not in SECTIONS:
            return self._section or {}
        section = getattr(self, self.runtime)
        return section.model_dump(mode="json", by_alias=True, exclude_none=True) if section else {}

    @model_validator(mode="wrap")
    @classmethod
    def _with_section(cls, value: Any, read: ModelWrapValidatorHandler[Self]) -> Self:
        """Any runtime may have a section."""
        name = value.get("runtime") if isinstance(value, Mapping) else None
        if name in (*SECTIONS, *GENERIC) or not isinstance(name, str) or not isinstance(value.get(name), Mapping):
            return read(value)
        if name in {field.alias for field in cls.model_fields.values()}:
            return read(value)
        spec = read({key: each for key, each in value.items() if key != name})
        spec._section = dict(value[name])
        return spec

    @model_serializer(mode="wrap")
    def _dumped_with_section(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        dumped: dict[str, Any] = dump(self)
        return dumped if self._section is None else {**dumped, self.runtime: self._section}

    @model_validator(mode="after")
    def _own_section(self) -> Self:
        """A Transform has the section of its own runtime."""
        for section in SECTIONS:
            if getattr(self, section) is not None and self.runtime != section:
                raise ValueError(f"the section `{section}` stands with runtime {section}, not with {self.runtime}")
        return self

    @model_validator(mode="after")
    def _variables_differ(self) -> Self:
        """No variable's name occurs twice."""
        if twice := repeated([variable.name for variable in self.env]):
            raise ValueError(f"variables named twice: {', '.join(twice)}")
        return self


class Transform(Manifest):
    """Compute that reads DataSets and writes DataSets; the pipeline's graph emerges from its ports."""

    kind: Literal["Transform"] = "Transform"
    spec: TransformSpec
