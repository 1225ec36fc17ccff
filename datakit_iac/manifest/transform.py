"""Transform: compute that reads DataSets and writes DataSets."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from datakit_iac.manifest.document import Manifest, Model, Name
from datakit_iac.manifest.duration import Duration

RuntimeName = Literal["cloudquery", "dbt", "generic-python", "generic-go"]
WriteMode = Literal["append", "overwrite", "overwrite-delete-stale"]


class Port(Model):
    """One input or output: a DataSet or DataSetGroup by name."""

    dataset: Name


class Schedule(Model):
    """When a scheduled Transform starts."""

    cron: str
    timezone: str = "UTC"
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

    @model_validator(mode="after")
    def _complete(self) -> Trigger:
        if "schedule" in (self.policy, *self.policies) and self.schedule is None:
            raise ValueError("a schedule needs `schedule: {cron: …}`")
        if (self.policy == "composite") != bool(self.policies):
            raise ValueError("`policies` lists what a composite trigger is made of, and stands with it alone")
        return self


class TablePair(Model):
    """One table of a CloudQuery sync: the input DataSet it comes from and the output DataSet it goes to."""

    from_: Name = Field(alias="from")
    to: Name


class CloudQuerySection(Model):
    """What a Transform of runtime `cloudquery` moves, and how it writes."""

    tables: list[TablePair] = Field(default_factory=list)
    write_mode: WriteMode = "overwrite-delete-stale"


class DbtSection(Model):
    """What a Transform of runtime `dbt` builds: a dbt project's folder and dbt's own selection."""

    project: str
    select: list[str] = Field(default_factory=list)
    exclude: list[str] = Field(default_factory=list)


class TransformSpec(Model):
    """What runs, on what, when."""

    runtime: RuntimeName
    mode: Literal["batch", "streaming"] = "batch"
    description: str = ""
    inputs: list[Port] = Field(default_factory=list)
    outputs: Annotated[list[Port], Field(min_length=1)]
    trigger: Trigger = Trigger()
    timeout: Duration | None = None
    cloudquery: CloudQuerySection | None = None
    dbt: DbtSection | None = None

    @model_validator(mode="after")
    def _own_section(self) -> TransformSpec:
        for section in ("cloudquery", "dbt"):
            if getattr(self, section) is not None and self.runtime != section:
                raise ValueError(f"the section `{section}` stands with runtime {section}, not with {self.runtime}")
        if self.runtime == "dbt" and self.dbt is None:
            raise ValueError("runtime dbt needs `dbt: {project: …}`")
        return self


class Transform(Manifest):
    """Compute that reads DataSets and writes DataSets; the pipeline's graph emerges from its ports."""

    kind: Literal["Transform"] = "Transform"
    spec: TransformSpec
