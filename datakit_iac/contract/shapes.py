"""What the inputs of resources may be: of what manifests say too, exactly what is right in a manifest.

A program's classes and the provider ask the same models, so that no way around manifests is more lenient than they are.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator

from datakit_iac.manifest.models.common import Model, Name, SemVer
from datakit_iac.manifest.models.dataset import DataSetSpec
from datakit_iac.manifest.models.transform import Schedule, VariableName
from datakit_iac.manifest.values.quantity import Quantity

MISSING: Final = "is expected and missing"
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Names = Annotated[list[Name], Field(default_factory=list)]


class StoreReference(Model):
    """The Store of a DataSet, and how it is reached; an import knows no name of it."""

    name: Name | Literal[""] = ""
    technology: Name
    connection: dict[str, Any]
    secrets: dict[str, str] = Field(default_factory=dict)


class Connector(Model):
    """The inputs of a Connector."""

    name: Name
    technology: Name
    technologies: Names
    provider: Name = "datakit"
    version: SemVer | None = None
    protocol: str = ""
    capabilities: Annotated[list[Literal["source", "destination"]], Field(min_length=1)] | None = None


class Store(StoreReference):
    """The inputs of a Store."""

    create: bool | None = None


class Contract(DataSetSpec):
    """A DataSet as a job is told it."""

    name: Name
    store: StoreReference  # type: ignore[assignment]  # in a manifest, its name
    writers: list[Name] | None = None
    external: bool = False


class DataSet(Contract):
    """The inputs of a DataSet."""

    deletion: Literal["retain", "delete"] = "retain"
    downstream: Names
    manifest: str = ""


class Declared(DataSet):
    """What a program says of a DataSet; whether it says one place is another question."""

    _one_place = model_validator(mode="after")(lambda said: said)


class Transform(Model):
    """The inputs of a Transform."""

    name: Name
    runtime: Name
    settings: dict[str, Any] = Field(default_factory=dict)
    inputs: Names
    outputs: Annotated[list[Name], Field(min_length=1)]
    schedule: Schedule | None = None
    definition: str = ""


class Compute(Transform):
    """What a program says of a Transform, and so of its Run too."""

    timeout: Seconds | None = None
    env: dict[VariableName, str] = Field(default_factory=dict)
    approved: bool = False


class Limits(Model):
    """What the environment of a Run may use."""

    concurrent_runs: Annotated[int, Field(ge=1)] | None = None
    storage: Quantity | None = None
    stores: dict[Name, StoreReference] = Field(default_factory=dict)


class Limited(Model):
    """What a program says of a Run, beside its Transform."""

    quotas: Limits | None = None


class Run(Limited):
    """The inputs of a Run."""

    transform: Name
    runtime: Name
    settings: dict[str, Any] = Field(default_factory=dict)
    inputs: list[Contract] = Field(default_factory=list)
    outputs: Annotated[list[Contract], Field(min_length=1)]
    context: dict[Name, dict[Name, str]] = Field(default_factory=dict)
    env: dict[VariableName, str] = Field(default_factory=dict)
    given: str = ""
    timeout: Seconds | None = None
    definition: str = ""
    tests: str = ""
    versions: dict[Name, str] = Field(default_factory=dict)
    references: dict[Name, str] = Field(default_factory=dict)
    generations: dict[Name, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _all_is_told(self) -> Self:
        """What it reads has a version, and what it writes a generation."""
        missing = [f"the version of {each.name}" for each in self.inputs if each.name not in self.versions]
        missing += [f"the generation of {each.name}" for each in self.outputs if each.name not in self.generations]
        if missing:
            raise ValueError(f"{' and '.join(missing)} {MISSING}")
        return self


SHAPES: Final[dict[str, type[Model]]] = {each.__name__: each for each in (Connector, Store, DataSet, Transform, Run)}
"""The inputs of each kind of resource."""
