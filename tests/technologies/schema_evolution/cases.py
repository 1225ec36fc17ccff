"""The kinds of change: what is declared before and after, and what rows there are then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

Columns = Sequence[Mapping[str, Any]]
Rows = Sequence[tuple[Any, ...]]

ID: Final = {"name": "id", "type": "bigint"}
NAME: Final = {"name": "name", "type": "text"}
SIZE: Final = {"name": "size", "type": "bigint"}
BASE: Final = (ID, NAME, SIZE)
KEYED: Final = ({**ID, "primaryKey": True}, NAME, SIZE)
ROWS: Final[Rows] = ((1, "ann", 10), (2, "bob", 20))
BIG: Final = 2**40

MANY: Final[Rows] = ((1, "ann", 10), (2, "bob", BIG))
"""One of the sizes fits no narrower type."""


@dataclass(frozen=True)
class Case:
    """One kind of change.

    Attributes:
        title: as the page names it.
        after: the columns that are declared then.
        before: those that are declared at first.
        rows: what is there before.
        expected: what is there after it was carried out, by the columns of `after`; None where that is the same.
        inputs: other inputs of the DataSet, after.
        consents: the objects of consents, and what else they say.
        permit: what refusals say of how it is permitted, each one of these.
        data: what becomes of the data where it is carried out.
        moves: whether the place is another one then.
    """

    title: str
    after: Columns = BASE
    before: Columns = BASE
    rows: Rows = ROWS
    expected: Rows | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    consents: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    permit: Sequence[str] = ()
    data: str = "kept"
    moves: bool = False

    def __str__(self) -> str:
        return self.title


def consents(case: Case) -> list[dict[str, Any]]:
    """The consents of a case, as inputs."""
    expires = (datetime.now(UTC).date() + timedelta(days=1)).isoformat()
    return [
        {"object": subject, "reason": "asked for", "expires": expires, **more}
        for subject, more in case.consents.items()
    ]


def _with(name: str, **more: Any) -> Columns:
    return [{**column, **more} if column["name"] == name else column for column in BASE]


_NOBODY: Final[Mapping[str, Any]] = {"writers": []}
_CONSENT: Final = "consents: [{object: column/size, reason: …, expires: YYYY-MM-DD}]"
_FILL: Final = "fill them, or leave the column nullable"
_TESTED: Final = "put them on the DataSet they are loaded into"
_TOPIC: Final = "keep it as it was, or name another topic"
_PLACE: Final = "make the DataSet at another place"
_NARROW: Final = _with("size", type="int")

CASES: Final = (
    Case("add a column", [*BASE, {"name": "age", "type": "int"}], expected=[(*each, None) for each in ROWS]),
    Case(
        "add a required column that a Run fills",
        [*BASE, {"name": "age", "type": "int", "nullable": False}],
        expected=[(*each, None) for each in ROWS],
        inputs={"writers": ["load"]},
        permit=["declare it nullable"],
    ),
    Case(
        "add a required column that no Run fills",
        [*BASE, {"name": "age", "type": "int", "nullable": False}],
        inputs=_NOBODY,
        permit=["leave the column nullable", "declare it nullable"],
    ),
    Case("drop a column", [ID, NAME], permit=[_CONSENT]),
    Case(
        "drop a column, with a consent for `column/NAME`",
        [ID, NAME],
        expected=[each[:2] for each in ROWS],
        consents={"column/size": {}},
        data="the column's values go",
    ),
    Case(
        "rename a column (`previousNames`)",
        [ID, {"name": "nick", "type": "text", "previousNames": ["name"]}, SIZE],
        permit=[_PLACE, _TOPIC],
    ),
    Case("widen a type", before=_NARROW),
    Case("narrow a type", _NARROW, permit=[_CONSENT]),
    Case(
        "narrow a type, with a consent; all values fit",
        _NARROW,
        consents={"column/size": {}},
        permit=[_PLACE, _TOPIC],
    ),
    Case(
        "narrow a type, with a consent; a value does not fit",
        _NARROW,
        rows=MANY,
        consents={"column/size": {}},
        permit=["`misfits: null` in the consent for column/size", _PLACE, _TOPIC],
    ),
    Case(
        "narrow a type, with a consent that says `misfits: null`",
        _NARROW,
        rows=MANY,
        expected=[(1, "ann", 10), (2, "bob", None)],
        consents={"column/size": {"misfits": "null"}},
        permit=[_PLACE, _TOPIC],
        data="values that do not fit become empty",
    ),
    Case("allow empty values (`nullable: true`)", before=_with("name", nullable=False)),
    Case(
        "require values (`nullable: false`); every row has one",
        _with("name", nullable=False),
        inputs=_NOBODY,
        permit=[_TESTED, _TOPIC],
    ),
    Case(
        "require values (`nullable: false`); a row has none",
        _with("name", nullable=False),
        rows=[(1, None, 10), (2, "bob", 20)],
        inputs=_NOBODY,
        permit=[_FILL, _TESTED, _TOPIC],
    ),
    Case("add a primary key", KEYED, inputs=_NOBODY, permit=[_TESTED, _TOPIC]),
    Case(
        "add a primary key that rows repeat",
        _with("id", primaryKey=True, nullable=True),
        before=_with("id", nullable=False),
        rows=[(1, "ann", 10), (1, "bob", 20)],
        inputs=_NOBODY,
        permit=["remove rows of the same key, or choose another"],
    ),
    Case("drop the primary key", before=KEYED),
    Case("another order of columns", [SIZE, ID, NAME], expected=[(size, key, name) for key, name, size in ROWS]),
    Case(
        "another order of columns, with a consent for `order`",
        [SIZE, ID, NAME],
        expected=[(size, key, name) for key, name, size in ROWS],
        consents={"order": {}},
    ),
    Case("describe the table", inputs={"description": "All users."}),
    Case("describe a column", _with("name", description="What they are called.")),
    Case("mark a column as personal data (`pii`)", _with("name", pii=True)),
    Case("classify (`classification`)", inputs={"classification": "restricted"}),
    Case("partition (`partitionBy`)", inputs={"partitionBy": ["name"]}, permit=["is allowed with a prefix"]),
    Case(
        "move to another place",
        expected=[],
        data="the new place is filled by its Run; the old one keeps its rows",
        moves=True,
    ),
)
