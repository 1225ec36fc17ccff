"""DataSet: a data contract in a Store; DataSetGroup: several of them handled together."""

from typing import Annotated, Any, Final, Literal, Self, get_args

from pydantic import AfterValidator, Field, model_validator

from datakit_iac.manifest.models.column import Column, Test, exchanged
from datakit_iac.manifest.models.document import Day, Manifest, Model, Name, SemVer, nothing, repeated
from datakit_iac.manifest.values.duration import Retention
from datakit_iac.manifest.values.place_kinds import PLACES
from datakit_iac.manifest.values.versions import check_range

Classification = Literal["public", "internal", "confidential", "restricted"]
Format = Literal["parquet", "json", "csv", "avro"]
Tier = Literal["bronze", "silver", "gold"]
_TIERS: Final[tuple[Tier, ...]] = get_args(Tier)


def _has_range(text: str) -> str:
    check_range(text.partition("@")[2])
    return text


SchemaReference = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_./-]*@.+$"), AfterValidator(_has_range)]
"""A schema that is kept elsewhere: a module and a range of its versions, ``MODULE@RANGE``."""


class Place(Model):
    """Where a DataSet is in its Store: exactly one of table, prefix, topic.

    `table` may carry a schema before a dot (``raw.flights``). `prefix` is a path below the Store's own.
    """

    table: str | None = None
    prefix: str | None = None
    topic: str | None = None
    format: Format | None = None

    def __str__(self) -> str:
        """The table, prefix or topic."""
        return self.table or self.prefix or self.topic or ""


class TopicSettings(Model):
    """How a topic is kept, over what its Store says of all its topics."""

    partitions: Annotated[int, Field(ge=1)] | None = None
    replication: Annotated[int, Field(ge=1)] | None = None
    cleanup: Literal["delete", "compact", "compact,delete"] | None = None
    config: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        """What has a field of its own is said there."""
        for key, field in (("retention.ms", "retention"), ("cleanup.policy", "topicSettings.cleanup")):
            if key in self.config:
                raise ValueError(f"config {key} is set by `{field}`")
        return self


class Consent(Model):
    """Leave to change `object` (``table`` or ``column/NAME``) in a way that loses data, until `expires`.

    `misfits` says what becomes of values that do not fit a narrower type: they stop the change, or become null. The
    object ``order`` is leave to rewrite the table where its columns stand in another order than declared.
    """

    object: Annotated[str, Field(pattern=r"^(table|order|column/.+)$")]
    reason: Annotated[str, Field(min_length=1)]
    expires: Day
    misfits: Literal["refuse", "null"] = "refuse"


SEED_FORMATS: Final[dict[str, Format]] = {
    ".csv": "csv",
    ".json": "json",
    ".jsonl": "json",
    ".parquet": "parquet",
    ".avro": "avro",
}
"""The format of a file with rows for development, by how its name ends."""


class SeedData(Model):
    """Rows for development: in the manifest itself, or in a file of the project."""

    inline: list[dict[str, Any]] = Field(default_factory=nothing)
    file: str = ""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        """Rows are given in one place."""
        if bool(self.inline) == bool(self.file):
            raise ValueError("exactly one of inline and file is expected")
        return self


class Seed(Model):
    """Rows for development, and further sets of them by name."""

    inline: list[dict[str, Any]] = Field(default_factory=nothing)
    file: str = ""
    profiles: dict[Name, SeedData] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _some_source(self) -> Self:
        """Rows are given in one place at most, and somewhere at all."""
        if self.inline and self.file:
            raise ValueError("one of inline and file is expected, found both")
        if not (self.inline or self.file or self.profiles):
            raise ValueError("inline, file or profiles is expected, found none of them")
        return self


class DevelopmentSection(Model):
    """What helps to develop, and holds in no other environment."""

    seed: Seed | None = None


def _of_rows(test: Test) -> Test:
    """A test without a column asks nothing of one."""
    if test.of_column:
        raise ValueError("unique, not_null, accepted_values and relationships are tests of a column")
    return test


class DataSetSpec(Model):
    """A contract: where the data is, what its columns are and mean, how it must be handled."""

    store: Name
    table: str | None = None
    prefix: str | None = None
    topic: str | None = None
    format: Format | Literal["table"] | None = None
    version: SemVer | None = None
    description: str = ""
    classification: Classification | None = None
    tier: Tier | None = None
    owner: str = ""
    retention: Retention = ""
    topic_settings: TopicSettings | None = None
    columns: list[Column] = Field(default_factory=nothing, alias="schema")
    schema_ref: SchemaReference | None = None
    reader: dict[str, Any] = Field(default_factory=dict)
    partition_by: list[str] = Field(default_factory=nothing)
    tests: list[Annotated[Test, AfterValidator(_of_rows)]] = Field(default_factory=nothing)
    consents: list[Consent] = Field(default_factory=nothing)
    dev: DevelopmentSection = DevelopmentSection.blank()
    previous_names: list[Name] = Field(default_factory=nothing)

    @model_validator(mode="after")
    def _one_schema(self) -> Self:
        """A schema is in the manifest or is kept elsewhere."""
        if self.columns and self.schema_ref:
            raise ValueError("one of schema and schemaRef is expected, found both")
        return self

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        """A DataSet is in one place."""
        places = [field for field in PLACES if getattr(self, field)]
        if len(places) != 1:
            found = " and ".join(places) if places else "none of them"
            raise ValueError(f"exactly one of table, prefix and topic is expected, found {found}")
        if self.format == "table" and not self.table:
            raise ValueError(f"`format: table` needs a table, and this is a {places[0]}")
        return self

    @model_validator(mode="after")
    def _columns_differ(self) -> Self:
        """No column's name occurs twice, in whatever case."""
        if twice := repeated([column.name.lower() for column in self.columns]):
            raise ValueError(f"columns named twice: {', '.join(twice)}")
        if circles := exchanged(self.columns):
            raise ValueError("; ".join(circles))
        return self

    @model_validator(mode="after")
    def _partitions_are_columns(self) -> Self:
        """What files are kept apart by is in them."""
        if not self.partition_by:
            return self
        if not self.prefix:
            raise ValueError("`partitionBy` is allowed with a prefix, whose files it keeps apart")
        if twice := repeated([name.lower() for name in self.partition_by]):
            raise ValueError(f"`partitionBy` names columns twice: {', '.join(twice)}")
        if unknown := sorted({*self.partition_by} - {column.name for column in self.columns}):
            known = ", ".join(column.name for column in self.columns) or "none"
            raise ValueError(
                f"`partitionBy` names {', '.join(unknown)}; expected columns of the schema, which are {known}"
            )
        if len(self.partition_by) == len(self.columns):
            raise ValueError("`partitionBy` names every column; expected at least one that is left for the files")
        return self

    @property
    def place(self) -> Place:
        """Where it is in its Store."""
        file_format = None if self.format == "table" else self.format
        return Place(table=self.table, prefix=self.prefix, topic=self.topic, format=file_format)


class DataSet(Manifest):
    """A named data contract: a table, prefix or topic of a Store, with schema, classification and tests."""

    kind: Literal["DataSet"] = "DataSet"
    spec: DataSetSpec

    @property
    def tier(self) -> Tier | None:
        """The tier, of the spec or else of the label `tier` where that says one; any other text is just a label."""
        label = self.metadata.labels.get("tier")
        return self.spec.tier or next((each for each in _TIERS if each == label), None)

    @property
    def version(self) -> str | None:
        """The version, of the spec or else of the metadata."""
        return self.spec.version or self.metadata.version

    @property
    def description(self) -> str:
        """The description, of the spec or else of the metadata."""
        return self.spec.description or self.metadata.description


class DataSetGroupSpec(Model):
    """The DataSets of one Store that are handled together."""

    store: Name
    datasets: Annotated[list[Name], Field(min_length=1)]
    description: str = ""


class DataSetGroup(Manifest):
    """Several DataSets of one Store under one name."""

    kind: Literal["DataSetGroup"] = "DataSetGroup"
    spec: DataSetGroupSpec
