"""Columns of a DataSet, and the tests that its data must pass."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self

from pydantic import (
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

from datakit_iac.manifest.models.document import Model, Name, nothing, several
from datakit_iac.manifest.values.duration import Duration
from datakit_iac.manifest.values.types import DataType, data_type

Masking = Literal["hash", "redact", "aggregate", "tokenise"]
"""How personal data is made unrecognisable: a digest, a part of it, numbers of many people, a token in its place."""


ColumnType = Annotated[DataType, PlainValidator(data_type), PlainSerializer(str), WithJsonSchema({"type": "string"})]

SourceColumn = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}\..+$")]
"""A column of another DataSet, or of those of a DataSetGroup: ``DATASET.COLUMN``."""


_BARE: Final = ("unique", "not_null")
_WITH_ARGUMENTS: Final = ("accepted_values", "relationships", "row_count", "freshness", "sql")


class AcceptedValues(Model):
    """Every value of the column is one of these."""

    values: Annotated[list[Any], Field(min_length=1)]


class Relationships(Model):
    """Every value of the column is in `field` of another DataSet of the same Store.

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
    """The greatest value of `column` is not older than `max_age` (a duration such as ``90d`` or ``6h``)."""

    column: str
    max_age: Duration


class Test(Model):
    """One test of a column or a DataSet, named as dbt names it; a bare name stands for one without arguments."""

    __test__ = False  # not a test case of pytest

    unique: bool = False
    not_null: bool = Field(default=False, alias="not_null")
    accepted_values: AcceptedValues | None = Field(default=None, alias="accepted_values")
    relationships: Relationships | None = None
    row_count: RowCount | None = Field(default=None, alias="row_count")
    freshness: Freshness | None = None
    sql: str = ""

    @model_validator(mode="before")
    @classmethod
    def _named(cls, value: object) -> object:
        """A test as a mapping, where its bare name may stand for it."""
        if not isinstance(value, str):
            return value
        if value in _WITH_ARGUMENTS:
            raise ValueError(f"the test {value} requires arguments; expected `{value}: …`")
        return {value: True}

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        """A test names one thing that is tested, and tests it."""
        if len(self.model_fields_set) != 1:
            raise ValueError(f"a test names exactly one of {', '.join((*_BARE, *_WITH_ARGUMENTS))}")
        (named,) = self.model_fields_set
        if not getattr(self, named):
            raise ValueError(f"`{named}: {str(getattr(self, named)).lower()}` tests nothing; leave the test out")
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The mapping with one test in it, or a bare name."""
        mapping = handler.resolve_ref_schema(handler(core))
        described = {"description": mapping.pop("description", ""), "title": mapping.pop("title", "Test")}
        return {**described, "anyOf": [{"enum": list(_BARE)}, {**mapping, "minProperties": 1, "maxProperties": 1}]}

    @property
    def of_column(self) -> bool:
        """Whether it asks something of one column's values, so that it means nothing without a column."""
        return bool(self.unique or self.not_null or self.accepted_values or self.relationships)


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
        list[SourceColumn], BeforeValidator(several, json_schema_input_type=SourceColumn | list[SourceColumn])
    ] = Field(default_factory=nothing, alias="from")
    previous_names: list[str] = Field(default_factory=nothing)
    tests: list[Test] = Field(default_factory=nothing)

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


def exchanged(columns: Sequence[Column]) -> list[str]:
    """Columns that exchange their names, each circle as one sentence: nothing tells whether that was done already."""
    if not any(column.previous_names for column in columns):
        return []
    former = {column.name.lower(): {name.lower() for name in column.previous_names} for column in columns}
    former = {name: (names & former.keys()) - {name} for name, names in former.items()}
    reached = {name: _reached(name, former) for name in former}
    circles = {frozenset(each for each in reached[name] if name in reached[each]) for name in former}
    return [
        f"columns {' and '.join(sorted(circle))} exchange names by their previousNames; rename one of them to a third"
        " name in one update, and to its own in the next"
        for circle in sorted(circles, key=sorted)
        if circle
    ]


def _reached(name: str, former: Mapping[str, set[str]]) -> set[str]:
    reached, waiting = set[str](), [*former[name]]
    while waiting:
        if (each := waiting.pop()) not in reached:
            reached.add(each)
            waiting += former[each]
    return reached
