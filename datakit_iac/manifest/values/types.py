"""The type system of columns: one canonical spelling for each meaning, and which type is wider than which.

Technologies map these types to their own (`technologies/<name>/types.py`); two schemas are compared by these,
never by a technology's spelling, so `int4` against `INTEGER` is not a difference.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from datakit_iac.findings.nearest import nearest

SYNONYMS: Final[dict[str, str]] = {
    "bool": "boolean",
    "short": "smallint",
    "int2": "smallint",
    "int16": "smallint",
    "int": "integer",
    "int4": "integer",
    "int32": "integer",
    "long": "bigint",
    "int8": "bigint",
    "int64": "bigint",
    "real": "float",
    "float4": "float",
    "float32": "float",
    "float8": "double",
    "float64": "double",
    "double precision": "double",
    "number": "decimal",
    "numeric": "decimal",
    "text": "string",
    "str": "string",
    "varchar": "string",
    "char": "string",
    "bytes": "binary",
    "bytea": "binary",
    "blob": "binary",
    "datetime": "timestamp",
    "timestamp_ntz": "timestamp",
    "timestamp without time zone": "timestamp",
    "timestamp_tz": "timestamptz",
    "timestamp with time zone": "timestamptz",
    "jsonb": "json",
}
"""Accepted spellings and the canonical name of each."""

NAMES: Final = (
    "boolean",
    "smallint",
    "integer",
    "bigint",
    "float",
    "double",
    "decimal",
    "string",
    "binary",
    "date",
    "time",
    "timestamp",
    "timestamptz",
    "json",
    "uuid",
)
"""The canonical scalar types. `array<T>` stands for a list of any of them."""

_PARAMETERS: Final = {"decimal": 2, "string": 1}
_SPELLING = re.compile(r"^\s*([a-z][a-z0-9_ ]*?)\s*(?:\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\))?\s*$", re.IGNORECASE)
_ARRAY = re.compile(r"^\s*array\s*<(.+)>\s*$", re.IGNORECASE)

_INTEGERS: Final = ("smallint", "integer", "bigint")
_INTEGER_DIGITS: Final = {"smallint": 5, "integer": 10, "bigint": 19}
_WIDER: Final[dict[str, frozenset[str]]] = {
    "smallint": frozenset({"integer", "bigint", "float", "double"}),
    "integer": frozenset({"bigint", "double"}),
    "float": frozenset({"double"}),
    "date": frozenset({"timestamp"}),
}
_DEFAULT_DECIMAL: Final = (18, 3)
_LONGEST: Final = 200


class UnknownTypeError(ValueError):
    """A text names no type.

    Attributes:
        hint: the nearest name there is.
    """

    def __init__(self, text: str) -> None:
        self.hint = nearest(text.strip().lower(), (*NAMES, *SYNONYMS))
        super().__init__(f"{text!r} is not a type; expected one of {', '.join(NAMES)} or array<type>")


@dataclass(frozen=True, slots=True)
class DataType:
    """The meaning of a column's values, e.g. ``DataType.parse("NUMERIC(10, 2)")``.

    >>> str(DataType.parse("int8")), str(DataType.parse("NUMERIC(10, 2)")), str(DataType.parse("array<text>"))
    ('bigint', 'decimal(10,2)', 'array<string>')

    Attributes:
        name: a canonical name of `NAMES`, or ``array``.
        parameters: precision and scale of a decimal, the greatest length of a string; else empty.
        element: the type of an array's elements; else None.
    """

    name: str
    parameters: tuple[int, ...] = ()
    element: DataType | None = None

    @classmethod
    def parse(cls, text: str) -> DataType:
        """Read a type in any accepted spelling.

        Raises:
            UnknownTypeError: the text names no type; the message lists the names there are.
            ValueError: its parameters are not right.
        """
        if len(text) > _LONGEST:
            raise ValueError(f"{text[:30]!r}… is not a type: a spelling has at most {_LONGEST} characters")
        if array := _ARRAY.match(text):
            return cls("array", element=cls.parse(array.group(1)))
        spelling = _SPELLING.match(text)
        name = " ".join(spelling.group(1).lower().split()) if spelling else ""
        name = SYNONYMS.get(name, name)
        if spelling is None or name not in NAMES:
            raise UnknownTypeError(text)
        parameters = tuple(int(group) for group in spelling.groups()[1:] if group is not None)
        if len(parameters) > _PARAMETERS.get(name, 0):
            raise ValueError(f"{text!r} has too many parameters for {name}")
        if name == "decimal":
            parameters = _decimal(parameters)
        return cls(name, parameters)

    def __str__(self) -> str:
        """The canonical spelling."""
        if self.element is not None:
            return f"array<{self.element}>"
        return f"{self.name}({','.join(map(str, self.parameters))})" if self.parameters else self.name

    def widens(self, narrower: DataType) -> bool:
        """Whether every value of `narrower` is a value of this type, without loss."""
        if self == narrower:
            return True
        if self.name == "array" and narrower.name == "array":
            return self.element is not None and narrower.element is not None and self.element.widens(narrower.element)
        if self.name == "decimal":
            return _decimal_holds(self, narrower)
        if self.name == "string" and narrower.name == "string":
            return not self.parameters or (bool(narrower.parameters) and self.parameters >= narrower.parameters)
        return self.name in _WIDER.get(narrower.name, ())


def _decimal(parameters: tuple[int, ...]) -> tuple[int, int]:
    precision, scale = (*parameters, 0)[:2] if parameters else _DEFAULT_DECIMAL
    if not 1 <= precision <= 38 or scale > precision:
        raise ValueError(f"decimal({precision},{scale}): precision is 1 to 38, scale at most the precision")
    return precision, scale


def _decimal_holds(wide: DataType, narrow: DataType) -> bool:
    precision, scale = wide.parameters
    if narrow.name in _INTEGERS:
        return precision - scale >= _INTEGER_DIGITS[narrow.name]
    if narrow.name != "decimal":
        return False
    narrow_precision, narrow_scale = narrow.parameters
    return scale >= narrow_scale and precision - scale >= narrow_precision - narrow_scale


def data_type(value: object) -> DataType:
    """A type, or the one that a text spells.

    Raises:
        ValueError: it is neither.
    """
    if isinstance(value, DataType):
        return value
    if not isinstance(value, str):
        raise ValueError("expected a type's name as text")
    return _parsed(value)


_parsed: Final = lru_cache(maxsize=1024)(DataType.parse)
"""A project has thousands of columns, and a dozen spellings of types."""
