"""DataSet: a data contract in a Store; DataSetGroup: several of them handled together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    PlainValidator,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from datakit_iac.manifest import rules
from datakit_iac.manifest.models.common import Manifest, Model, Name, SemVer
from datakit_iac.manifest.traits import Asking, Contract, Tier
from datakit_iac.manifest.values.duration import Duration, Retention
from datakit_iac.manifest.values.types import DataType, data_type

Classification = Literal["public", "internal", "confidential", "restricted"]
Format = Literal["parquet", "json", "csv", "avro"]
Masking = Literal["hash", "redact", "aggregate", "tokenise"]
"""How personal data is made unrecognisable: a digest, a part of it, numbers of many people, a token in its place."""


ColumnType = Annotated[DataType, PlainValidator(data_type), PlainSerializer(str), WithJsonSchema({"type": "string"})]
Day = Annotated[date, BeforeValidator(rules.day)]


SchemaReference = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_./-]*@.+$"), AfterValidator(rules.ranged)]
"""A schema that is kept elsewhere: a module and a range of its versions, ``MODULE@RANGE``."""

SourceColumn = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}\..+$")]
"""A column of another DataSet, or of those of a DataSetGroup: ``DATASET.COLUMN``."""


_BARE: Final = ("unique", "not_null")


class AcceptedValues(Model):
    """Every value of the column is one of these."""

    values: Annotated[list[Any], Field(min_length=1)]


class Relationships(Model):
    """Every value of the column stands in `field` of another DataSet of the same Store.

    `table` is the table of `to`; a project's manifests leave it out, since resolving the project finds it.
    """

    to: Name
    field: str
    table: str | None = None


class RowCount(Model):
    """The DataSet holds between `min` and `max` rows."""

    min: int = 0
    max: int | None = None


class Freshness(Model):
    """The greatest value of `column` is no older than `max_age` (a duration such as ``90d`` or ``6h``)."""

    column: str
    max_age: Duration


class Test(Asking, Model):
    """One test of a column or a DataSet, named as dbt names it; a bare name stands for one without arguments."""

    __test__ = False  # not a test case of pytest

    unique: bool = False
    not_null: bool = Field(default=False, alias="not_null")
    accepted_values: AcceptedValues | None = Field(default=None, alias="accepted_values")
    relationships: Relationships | None = None
    row_count: RowCount | None = Field(default=None, alias="row_count")
    freshness: Freshness | None = None
    sql: str = ""

    _named = model_validator(mode="before")(rules.named_test)

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The mapping with one test in it, or a bare name."""
        mapping = handler.resolve_ref_schema(handler(core))
        described = {"description": mapping.pop("description", ""), "title": mapping.pop("title", "Test")}
        return {**described, "anyOf": [{"enum": list(_BARE)}, {**mapping, "minProperties": 1, "maxProperties": 1}]}

    _exactly_one = model_validator(mode="after")(rules.one_test)


class Column(Model):
    """One column of a DataSet's schema.

    >>> Column(name="email", type="text", pii=True).type.name
    'string'
    """

    name: Annotated[str, Field(min_length=1, max_length=255)]
    type: ColumnType
    description: str = ""
    nullable: bool = True
    primary_key: bool = False
    pii: bool | None = None
    masking: Masking | None = None
    from_: Annotated[
        list[SourceColumn], BeforeValidator(rules.several, json_schema_input_type=SourceColumn | list[SourceColumn])
    ] = Field(default_factory=list, alias="from")
    previous_names: list[str] = Field(default_factory=list)
    tests: list[Test] = Field(default_factory=list)

    if TYPE_CHECKING:  # in Python every spelling may be given, which the fields' own types do not say

        def __init__(
            self,
            *,
            name: str,
            type: DataType | str,  # noqa: A002 - the manifest's word
            description: str = "",
            nullable: bool = True,
            primary_key: bool = False,
            pii: bool | None = None,
            masking: Masking | None = None,
            from_: str | Sequence[str] = (),
            previous_names: Sequence[str] = (),
            tests: Sequence[Test | str] = (),
        ) -> None: ...

    def dumped(self) -> dict[str, Any]:
        """As a property of a resource; that it is made of no column is something said, too."""
        said = super().dumped()
        return said | {"from": []} if "from_" in self.model_fields_set and not self.from_ else said

    @property
    def required(self) -> bool:
        """Whether a row without a value is refused: declared so, or part of the primary key."""
        return self.primary_key or not self.nullable


class Place(Model):
    """Where a DataSet lies in its Store: exactly one of table, prefix, topic.

    `table` may carry a schema before a dot (``raw.flights``). `prefix` is a path below the Store's own.
    """

    table: str | None = None
    prefix: str | None = None
    topic: str | None = None
    format: Format | None = None

    def __str__(self) -> str:
        """The table, prefix or topic."""
        return self.table or self.prefix or self.topic or ""


class Consent(Model):
    """Leave to change `object` (``table`` or ``column/NAME``) in a way that loses data, until `expires`.

    `misfits` says what becomes of values that do not fit a narrower type: they stop the change, or become null.
    """

    object: Annotated[str, Field(pattern=r"^(table|column/.+)$")]
    reason: Annotated[str, Field(min_length=1)]
    expires: Day
    misfits: Literal["refuse", "null"] = "refuse"


class SeedData(Model):
    """Rows for development: in the manifest itself, or in a file of the project."""

    inline: list[dict[str, Any]] = Field(default_factory=list)
    file: str = ""

    _one_source = model_validator(mode="after")(rules.one_source)


class Seed(Model):
    """Rows for development, and further sets of them by name."""

    inline: list[dict[str, Any]] = Field(default_factory=list)
    file: str = ""
    profiles: dict[Name, SeedData] = Field(default_factory=dict)

    _some_source = model_validator(mode="after")(rules.some_source)


class DevelopmentSection(Model):
    """What helps to develop, and holds in no other environment."""

    seed: Seed | None = None


class DataSetSpec(Model):
    """A contract: where the data lies, what its columns are and mean, how it must be handled."""

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
    columns: list[Column] = Field(default_factory=list, alias="schema")
    schema_ref: SchemaReference | None = None
    reader: dict[str, Any] = Field(default_factory=dict)
    tests: list[Annotated[Test, AfterValidator(rules.of_rows)]] = Field(default_factory=list)
    consents: list[Consent] = Field(default_factory=list)
    dev: DevelopmentSection = DevelopmentSection()
    previous_names: list[Name] = Field(default_factory=list)

    _one_schema = model_validator(mode="after")(rules.one_schema)

    _one_place = model_validator(mode="after")(rules.one_place)

    _column_names_differ = model_validator(mode="after")(rules.columns_differ)

    @property
    def place(self) -> Place:
        """Where it lies in its Store."""
        file_format = None if self.format == "table" else self.format
        return Place(table=self.table, prefix=self.prefix, topic=self.topic, format=file_format)


class DataSet(Contract, Manifest):
    """A named data contract: a table, prefix or topic of a Store, with schema, classification and tests."""

    kind: Literal["DataSet"] = "DataSet"
    spec: DataSetSpec


class DataSetGroupSpec(Model):
    """The DataSets of one Store that are handled together."""

    store: Name
    datasets: Annotated[list[Name], Field(min_length=1)]
    description: str = ""


class DataSetGroup(Manifest):
    """Several DataSets of one Store under one name."""

    kind: Literal["DataSetGroup"] = "DataSetGroup"
    spec: DataSetGroupSpec
