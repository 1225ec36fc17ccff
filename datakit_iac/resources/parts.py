"""Parts of a DataSet as programs write them: as classes, or as mappings in the names of Python or of manifests."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from datetime import date
from typing import Any, ClassVar, Literal, NotRequired, Required, TypedDict, dataclass_transform

import pulumi

from datakit_iac.manifest.models import column as manifest
from datakit_iac.manifest.models import dataset
from datakit_iac.manifest.models.document import Model
from datakit_iac.manifest.values.types import DataType

Later = pulumi.Output[str] | Awaitable[str]
"""A text that is known later, where few texts are right."""
Text = pulumi.Input[str]
Texts = pulumi.Input[Sequence[pulumi.Input[str]]]
Truth = pulumi.Input[bool]
Kind = pulumi.Input[str] | pulumi.Input[DataType]
Misfits = Literal["refuse", "null"]
Day = pulumi.Input[str] | pulumi.Input[date]


@dataclass_transform(kw_only_default=True)
class Part:
    """A part of a resource's arguments. It takes whatever it is given; the resource says what is wrong with it.

    Attributes:
        model: the part of manifests that it stands for.
    """

    model: ClassVar[type[Model]]

    def __init__(self, *unnamed: object, **named: object) -> None:
        vars(self).update(named)
        self._given = (unnamed, named)

    @property
    def given(self) -> tuple[tuple[object, ...], Mapping[str, object]]:
        """The arguments without a name, which are none too many where there are none, and those with one."""
        return self._given

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self._given[1])})"


class AcceptedValuesDict(TypedDict):
    """Every value of the column is one of these."""

    values: pulumi.Input[Sequence[Any]]


class RelationshipsDict(TypedDict):
    """Every value of the column is in `field` of another DataSet of the same Store."""

    to: Text
    field: Text
    table: NotRequired[Text]


class RowCountDict(TypedDict, total=False):
    """The DataSet holds between `min` and `max` rows."""

    min: pulumi.Input[int]
    max: pulumi.Input[int]


class FreshnessDict(TypedDict):
    """The greatest value of `column` is not older than `max_age`."""

    column: Text
    max_age: NotRequired[Text]
    maxAge: NotRequired[Text]


class TestDict(TypedDict, total=False):
    """A `Test` as a mapping."""

    unique: Truth
    not_null: Truth
    accepted_values: pulumi.Input[AcceptedValuesDict]
    relationships: pulumi.Input[RelationshipsDict]
    row_count: pulumi.Input[RowCountDict]
    freshness: pulumi.Input[FreshnessDict]
    sql: Text


ColumnInManifests = TypedDict(
    "ColumnInManifests", {"primaryKey": Truth, "from": "Text | Texts", "previousNames": Texts}, total=False
)


class ColumnDict(ColumnInManifests, total=False):
    """A `Column` as a mapping; its names are those of Python, or those of manifests."""

    name: Required[Text]
    type: Required[Kind]
    description: Text
    nullable: Truth
    primary_key: Truth
    pii: Truth
    masking: manifest.Masking | Later
    from_: Text | Texts
    previous_names: Texts
    tests: Tests


class ConsentDict(TypedDict):
    """A `Consent` as a mapping."""

    object: Text
    reason: Text
    expires: Day
    misfits: NotRequired[Misfits | Later]


class Test(Part):
    """One test of a column or a DataSet; exactly one of these. A bare name may stand for the first two.

    >>> Test(accepted_values={"values": ["EUR", "USD"]})
    Test(accepted_values)
    """

    __test__ = False  # not a test case of pytest
    model = manifest.Test

    unique: Truth = False
    not_null: Truth = False
    accepted_values: pulumi.Input[AcceptedValuesDict] | None = None
    relationships: pulumi.Input[RelationshipsDict] | None = None
    row_count: pulumi.Input[RowCountDict] | None = None
    freshness: pulumi.Input[FreshnessDict] | None = None
    sql: Text = ""


class Column(Part):
    """One column of a DataSet's schema.

    >>> Column(name="email", type="text", pii=True).type
    'text'
    """

    model = manifest.Column

    name: Text
    type: Kind
    description: Text = ""
    nullable: Truth = True
    primary_key: Truth = False
    pii: Truth | None = None
    masking: manifest.Masking | Later | None = None
    from_: Text | Texts = ()
    previous_names: Texts = ()
    tests: Tests = ()


class Consent(Part):
    """Consent to change `object` (``table`` or ``column/NAME``) in a way that loses data, until `expires`.

    `misfits` says what becomes of values that do not fit a narrower type: they stop the change, or become null. The
    object ``order`` is leave to rewrite the table where its columns stand in another order than declared.
    """

    model = dataset.Consent

    object: Text
    reason: Text
    expires: Day
    misfits: Misfits | Later = "refuse"


Columns = pulumi.Input[Sequence[pulumi.Input[Column] | pulumi.Input[ColumnDict] | manifest.Column]]
Tests = pulumi.Input[Sequence[pulumi.Input[Test] | pulumi.Input[TestDict] | Text | manifest.Test]]
Consents = pulumi.Input[Sequence[pulumi.Input[Consent] | pulumi.Input[ConsentDict] | dataset.Consent]]
