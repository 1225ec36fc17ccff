"""Transform: compute that reads DataSets and writes DataSets."""

import shlex
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Final, Literal, Self, cast

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    SerializeAsAny,
    create_model,
    model_validator,
)

from datakit_iac.manifest.models.document import Manifest, Model, Name, nothing, repeated
from datakit_iac.manifest.models.process import (
    KUBERNETES_NAME,
    EnvironmentVariable,
    ResourceAmounts,
    Resources,
    amounts,
)
from datakit_iac.manifest.models.section import Section, section, sections
from datakit_iac.manifest.values.duration import Duration
from datakit_iac.manifest.values.image import ImageReference
from datakit_iac.manifest.values.open_names import open_name
from datakit_iac.manifest.values.schedule import Cron, TimeZone
from datakit_iac.manifest.values.versions import VersionRange

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
    policies: list[Literal["on-change", "schedule", "manual"]] = Field(default_factory=nothing)

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
            raise ValueError("`policies` lists what a composite trigger is made of, and is allowed with it alone")
        return self

    @property
    def on_change(self) -> bool:
        """Whether it asks for a Run when something that the Transform depends on changed."""
        return self.policy == "on-change" or "on-change" in self.policies


class LineageSection(Model):
    """What a Transform tells of its Runs, as OpenLineage events (https://openlineage.io)."""

    enabled: bool = True
    emitter: str = ""
    heartbeat_interval: Duration | None = None
    namespace: str = ""


def _arguments(value: object) -> object:
    """A command as a list, where a line for the shell may stand for it."""
    return shlex.split(value) if isinstance(value, str) else value


def _runtime(name: str) -> str:
    """The name of a runtime: any that may be installed, unless it is a typo of one of datakit's own."""
    return open_name("runtimes", name, "datakit.runtimes", "datakit.sections")


def _with_other_sections(schema: dict[str, Any]) -> None:
    """Another runtime's section is allowed there: JSON Schema cannot say that its name is that of the runtime."""
    schema["additionalProperties"] = {"type": "object"}
    schema["if"] = {"properties": {"runtime": {"enum": [*sections()]}}}
    schema["then"] = {"propertyNames": {"enum": [*schema["properties"]]}}


class TransformSpec(Model):
    """What runs, on what, when; a section with the name of its runtime is that runtime's own."""

    model_config = ConfigDict(json_schema_extra=_with_other_sections)

    runtime: Annotated[Name, AfterValidator(_runtime)]
    mode: Literal["batch", "streaming"] = "batch"
    description: str = ""
    inputs: list[Port] = Field(default_factory=nothing)
    outputs: Annotated[list[Port], Field(min_length=1)]
    trigger: Trigger = Trigger.blank()
    timeout: Duration | None = None
    retries: Annotated[int, Field(ge=0, le=100)] = 0
    image: ImageReference | None = None
    command: Annotated[list[str], BeforeValidator(_arguments, json_schema_input_type=str | list[str])] = Field(
        default_factory=nothing
    )
    env: list[EnvironmentVariable] = Field(default_factory=nothing)
    resources: Annotated[Resources, BeforeValidator(amounts, json_schema_input_type=Resources | ResourceAmounts)] = (
        Resources.blank()
    )
    replicas: Annotated[int, Field(ge=1, le=100)] = 1
    lineage: LineageSection | None = None
    service_account_name: Annotated[str, Field(pattern=KUBERNETES_NAME)] | None = None

    @property
    def is_streaming(self) -> bool:
        """Whether it runs all the time, and never ends by itself."""
        return self.mode == "streaming"

    @property
    def on_change(self) -> bool:
        """Whether it is run when something that it depends on changed."""
        return self.trigger.on_change and not self.is_streaming

    @property
    def section(self) -> Section | dict[str, Any] | None:
        """What it says to its runtime: a model where that describes its section; None where it says nothing."""
        if type(self) is TransformSpec:
            return None
        of_runtime = type(self).model_fields.keys() - TransformSpec.model_fields.keys()
        return next((getattr(self, name) for name in of_runtime), None)

    @property
    def settings(self) -> dict[str, Any]:
        """What it says to its runtime, in the names of YAML."""
        said = self.section
        return (
            said.model_dump(mode="json", by_alias=True, exclude_none=True) if isinstance(said, Section) else said or {}
        )

    @model_validator(mode="wrap")
    @classmethod
    def _with_section(cls, value: Any, read: ModelWrapValidatorHandler[Self]) -> Self:
        """A Transform has the section of its own runtime, and of no other."""
        if isinstance(value, Mapping) and not _names(cls).issuperset(value):
            runtime = value.get("runtime")
            for name in value.keys() - _names(cls):
                if name == runtime:
                    return cast("Self", _of_runtime(name).model_validate(value))
                if isinstance(runtime, str) and section(name):
                    raise ValueError(f"the section `{name}` is allowed with runtime {name}, not with {runtime}")
        return read(value)

    @model_validator(mode="after")
    def _variables_differ(self) -> Self:
        """No variable's name occurs twice."""
        if twice := repeated([variable.name for variable in self.env]):
            raise ValueError(f"variables named twice: {', '.join(twice)}")
        return self


@cache
def _names(model: type[TransformSpec]) -> frozenset[str]:
    """What its fields may be called in a mapping."""
    return frozenset(each for name, field in model.model_fields.items() for each in (name, field.alias or name))


@cache
def _of_runtime(runtime: str) -> type[TransformSpec]:
    """What a Transform says that has a section for its runtime."""
    return _with({runtime: section(runtime) or dict[str, Any]})


def _with(described: Mapping[str, Any]) -> type[TransformSpec]:
    """The model with a field for each of some sections, by runtime."""
    fields = {name.replace("-", "_"): (kind | None, Field(None, alias=name)) for name, kind in described.items()}
    return create_model("TransformSpec", __base__=TransformSpec, __doc__=TransformSpec.__doc__, **cast("Any", fields))


class Transform(Manifest):
    """Compute that reads DataSets and writes DataSets; the pipeline's graph emerges from its ports."""

    kind: Literal["Transform"] = "Transform"
    spec: SerializeAsAny[TransformSpec]

    @classmethod
    @cache
    def whole(cls) -> type[Manifest]:
        """The model with every section that is described."""
        spec = _with({name: each for name, each in sections().items() if each.model_fields})
        return create_model("Transform", __base__=cls, __doc__=cls.__doc__, spec=(spec, ...))
