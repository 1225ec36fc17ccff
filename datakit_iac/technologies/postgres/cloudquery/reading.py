"""Columns of Postgres as SQL that ADBC reads without loss, and as the Arrow type that the contract asks for.

ADBC (1.13) checks nothing: `infinity` and times beyond the year 294246 wrap into the far past, and an array of several
dimensions comes as one flat list. Here such a value is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc
from cloudquery.sdk.types import UUIDType

from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.cloudquery_plugins.types import to_arrow
from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.postgres import types
from datakit_iac.technologies.sql.names import quoted

_EARLIEST_TIME: Final = -210_866_803_200_000_000
"""The first moment that Postgres knows, 4714-11-24 BC, in microseconds since 1970."""
_EARLIEST_DAY: Final = -2_440_588
_DAY: Final = 86_400_000_000
_AS_TEXT: Final = ("decimal", "json", "string")
"""Types that come as text: numbers have any number of digits there."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How one column is read.

    Attributes:
        name: its name.
        type: what the contract asks for.
        place: table and column, for people.
    """

    name: str
    type: DataType
    place: str

    @property
    def sql(self) -> str:
        """The expressions to select: the value, and for an array the number of its dimensions."""
        column = quoted(self.name)
        if self.type.element is not None:
            return f"{column}{_cast(self.type.element, '[]')}, array_ndims({column})"
        return f"uuid_send({column})" if self.type.name == "uuid" else f"{column}{_cast(self.type)}"

    @property
    def width(self) -> int:
        """How many expressions there are."""
        return 2 if self.type.element is not None else 1

    def carried(self, found: list[pa.Array]) -> pa.Array:
        """The values as the Arrow type of the contract.

        Raises:
            PluginFault: one does not fit.
        """
        values, wanted = found[0], to_arrow(self.type)
        try:
            if self.type.element is None:
                return _carried(values, wanted)
            if (pc.max(found[1]).as_py() or 1) > 1:
                raise PluginFault(f"{self.place}: an array has several dimensions; expected one")
            elements = _carried(values.values, wanted.value_type)
            return pa.ListArray.from_arrays(values.offsets, elements, wanted, mask=values.is_null())
        except (pa.ArrowException, ValueError) as fault:
            first = str(fault).partition("\n")[0]
            raise PluginFault(f"{self.place}: a value does not fit {self.type}: {first}") from fault


def reading(name: str, spelling: str, wanted: DataType | None, place: str) -> Reading:
    """How a column is read.

    Args:
        name: its name.
        spelling: its type, as the catalog shows it.
        wanted: the type that the contract asks for; None for its own.
        place: table and column, for people.

    Raises:
        PluginFault: its values do not all fit what is asked for.
    """
    try:
        found: DataType | None = types.read(spelling)
    except ValueError:
        found = None
    wanted = wanted or found
    if wanted is None:
        raise PluginFault(f"{place} is {spelling}, which has no counterpart; declare the column as string")
    if wanted.element is not None and wanted.element.element is not None:
        raise PluginFault(f"{place}: {wanted} cannot be read; Postgres does not keep how many dimensions an array has")
    if wanted.name == "string" or (found and wanted.widens(found)) or _is_free(spelling, wanted):
        return Reading(name, wanted, place)
    raise PluginFault(
        f"{place} is {found or spelling}, and {wanted} does not hold every {found or spelling}: declare the column"
        f" {found or 'string'}"
    )


def _is_free(spelling: str, wanted: DataType) -> bool:
    """Whether a number of any size is read as one of a certain size; what does not fit is refused one by one."""
    return (spelling, wanted.name) == ("numeric", "decimal")


def _cast(data_type: DataType, array: str = "") -> str:
    """The cast to what ADBC reads as it is; text for the elements of an array that it does not know."""
    names = (*_AS_TEXT, "uuid") if array else _AS_TEXT
    return f"::text{array}" if data_type.name in names else f"::{types.write(data_type)}{array}"


def _carried(values: pa.Array, wanted: pa.DataType) -> pa.Array:
    if isinstance(wanted, pa.ExtensionType):
        if isinstance(wanted, UUIDType) and pa.types.is_string(values.type):
            values = pa.array([each and UUID(each).bytes for each in values.to_pylist()], wanted.storage_type)
        return pa.ExtensionArray.from_storage(wanted, values.cast(wanted.storage_type))
    if pa.types.is_temporal(wanted):
        _demand_finite(values)
    return values.cast(wanted)


def _demand_finite(values: pa.Array) -> None:
    """Refuse what wrapped around.

    Raises:
        ValueError: something did.
    """
    is_day = pa.types.is_date32(values.type)
    bounds = pc.min_max(values.cast(pa.int32() if is_day else pa.int64()))
    least, greatest = bounds["min"].as_py(), bounds["max"].as_py()
    if least is None:
        return
    if pa.types.is_time(values.type):
        if greatest >= _DAY:
            raise ValueError("24:00:00 is not a time of a day")
    elif least < (_EARLIEST_DAY if is_day else _EARLIEST_TIME):
        raise ValueError("it is infinite, or too far in the future")
