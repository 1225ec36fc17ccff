"""What the inputs of resources may be: of what manifests say too, exactly what is right in a manifest.

A program's classes and the provider ask the same models, so that no way around manifests is more lenient than they are.
Each tells what it means for technologies and runtimes: `Connection`, `BoundDataSet`, `Job`.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal, Self, cast

from pydantic import Field, GetPydanticSchema, model_validator
from pydantic_core import core_schema

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet, DataSetReference
from datakit_iac.contract.job import Job
from datakit_iac.manifest.models import dataset as manifest
from datakit_iac.manifest.models.dataset import DataSetSpec, Place
from datakit_iac.manifest.models.document import Model, Name, Quantity, SemVer, nothing
from datakit_iac.manifest.models.plugin import Plugin
from datakit_iac.manifest.models.process import Resources, VariableName
from datakit_iac.manifest.models.transform import Schedule
from datakit_iac.manifest.values.image import ImageReference
from datakit_iac.manifest.values.secret import Secret

MISSING: Final = "is required"
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Names = Annotated[list[Name], Field(default_factory=nothing)]

Text = Annotated[
    str | Secret,
    GetPydanticSchema(
        lambda _, __: core_schema.no_info_wrap_validator_function(
            lambda value, text: value if isinstance(value, Secret) else text(value), core_schema.str_schema(strict=True)
        )
    ),
]
"""A text that may be a secret."""


class StoreReference(Model):
    """The Store of a DataSet, and how it is reached; an import knows no name of it."""

    name: Name | Literal[""] = ""
    technology: Name
    connection: dict[str, Any]
    secrets: dict[str, Text] = Field(default_factory=dict)

    @classmethod
    def of(cls, name: str, connection: Connection) -> Self:
        """A Store of a name, reached in a way that is right."""
        said = {"connection": connection.options, "secrets": connection.secrets}
        return cast("Self", cls.model_construct(name=name, technology=connection.technology, **cast("Any", said)))

    @property
    def reached(self) -> Connection:
        """How it is reached."""
        hidden = {key: each if isinstance(each, Secret) else Secret(each) for key, each in self.secrets.items()}
        return Connection(self.technology, self.connection, hidden)


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

    name: Name
    create: bool | None = None


class Contract(DataSetSpec):
    """A DataSet as a job sees it."""

    name: Name
    store: StoreReference  # type: ignore[assignment]  # in a manifest, its name
    writers: list[Name] | None = None
    external: bool = False

    @classmethod
    def of(cls, declared: manifest.DataSet, place: Place, **more_fields: Any) -> Self:
        """What a manifest says, which is right, in its place, with what else is known of it."""
        spec: dict[str, Any] = {name: getattr(declared.spec, name) for name in DataSetSpec.model_fields}
        whole = {"name": declared.name, "description": declared.description, "tier": declared.tier}
        return cast("Self", cls.model_construct(**spec | whole | dict(place) | more_fields))

    @property
    def bound(self) -> BoundDataSet:
        """What technologies and runtimes see."""
        return BoundDataSet(
            name=self.name,
            store=self.store.name,
            connection=self.store.reached,
            place=self.place,
            columns=tuple(self.columns),
            description=self.description,
            tests=tuple(self.tests),
            writers=None if self.writers is None else tuple(self.writers),
            reader=self.reader,
            partition_by=tuple(self.partition_by),
            classification=self.classification,
            retention=self.retention,
            topic_settings=self.topic_settings,
        )


class DataSet(Contract):
    """The inputs of a DataSet."""

    deletion: Literal["retain", "delete"] = "retain"
    downstream: Names
    manifest: str = ""


class Declared(DataSet):
    """What a program says of a DataSet; whether it says one place is another question."""

    _one_place = model_validator(mode="after")(lambda said: said)


class Work(Model):
    """What is run."""

    runtime: Name
    settings: dict[str, Any] = Field(default_factory=dict)
    image: ImageReference | None = None
    command: list[str] = Field(default_factory=nothing)
    resources: Resources = Resources.blank()
    retries: Annotated[int, Field(ge=0, le=100)] = 0


class Transform(Work):
    """The inputs of a Transform."""

    name: Name
    inputs: Names
    outputs: Annotated[list[Name], Field(min_length=1)]
    schedule: Schedule | None = None
    definition: str = ""
    deployment: str = ""
    history: StoreReference | None = None


class Execution(Work):
    """What is run, and how its process is."""

    timeout: Seconds | None = None
    env: dict[VariableName, Text] = Field(default_factory=dict)
    plugins: dict[Name, Plugin] = Field(default_factory=dict)

    def made(self, transform: str, inputs: Sequence[BoundDataSet], outputs: Sequence[BoundDataSet], **more: Any) -> Job:
        """The job that it is, of DataSets in their places."""
        return Job(
            transform=transform,
            runtime=self.runtime,
            settings=self.settings,
            inputs=tuple(inputs),
            outputs=tuple(outputs),
            timeout=self.timeout,
            variables=self.env,
            image=self.image,
            command=tuple(self.command),
            resources=self.resources,
            retries=self.retries,
            plugins=self.plugins,
            **more,
        )


class Compute(Execution, Transform):
    """What a program says of a Transform, and so of its Run too."""

    approved: bool = False


class Limits(Model):
    """What the environment of a Run may use."""

    concurrent_runs: Annotated[int, Field(ge=1)] | None = None
    storage: Quantity | None = None
    stores: dict[Name, StoreReference] = Field(default_factory=dict)


class Limited(Model):
    """What a program says of a Run, beside its Transform."""

    quotas: Limits | None = None
    executor: dict[str, Any] | None = None
    history: StoreReference | None = None


class Run(Execution, Limited):
    """The inputs of a Run."""

    transform: Name
    inputs: list[Contract] = Field(default_factory=nothing)
    outputs: Annotated[list[Contract], Field(min_length=1)]
    context: dict[Name, dict[Name, str]] = Field(default_factory=dict)
    given: str = ""
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

    def job(self, environment: str, identity: str) -> Job:
        """What is run in an environment, known by an identity when it is tried again."""
        context = (
            DataSetReference(name, store, Place(table=table))
            for store, tables in self.context.items()
            for name, table in tables.items()
        )
        return self.made(
            self.transform,
            [each.bound for each in self.inputs],
            [each.bound for each in self.outputs],
            context=tuple(context),
            environment=environment,
            identity=identity,
            given=self.given,
        )


SHAPES: Final[dict[str, type[Model]]] = {each.__name__: each for each in (Connector, Store, DataSet, Transform, Run)}
"""The inputs of each kind of resource."""

STEERING: Final = ("consents", "external", "deletion", "downstream", "manifest")
"""What no job and no technology sees of a DataSet: it steers what the provider does."""
