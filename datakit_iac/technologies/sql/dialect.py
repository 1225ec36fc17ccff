"""How one database spells what all SQL databases have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from datakit_iac.manifest.models.dataset import Place
from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.evolution import Kind
from datakit_iac.technologies.sql.names import literal, quoted, split

ALL: Final[frozenset[Kind]] = frozenset(
    ("add", "rename", "widen", "narrow", "drop", "allow-null", "require", "describe", "drop-key", "add-key", "reorder")
)


@dataclass(frozen=True, slots=True)
class Dialect:
    """A dialect of SQL, as data.

    Attributes:
        name: the product, for people.
        write: a column's type in DDL.
        read: the type of a column as the catalog shows it.
        default_schema: the schema of a table whose name says none; empty where the database has no
            schemas, and a dot is part of a name.
        alters: the kinds of change that `ALTER TABLE` can carry out, or for ``reorder`` a copy of the table. Without
            ``require``, NOT NULL is left to data tests; what else is not here is refused.
        comments: the table in which descriptions and marks are kept; empty where there is `COMMENT ON`.
        epoch: seconds since 1970 of the time `{}`.
        now: the current time.
        begin_reading: begins what cannot write.
        end_reading: ends it.
        fitting: the SQL that gives each value of a column in a narrower type, and NULL where it does not fit, of the
            quoted column, its type and the new one; None where ``narrow`` is not in `alters`.
        lock: what keeps others from writing to the table `{}`, and not from reading it, as long as it is copied; empty
            where no one else can write.
        keys: whether a primary key is a constraint of the table.
        tags: whether classification and personal data are written beside descriptions.
        select_fault: why a text is not one SELECT over tables of the database, as a phrase; empty where it is.
        quote: an identifier, quoted, in the case that the database keeps.
        literal: a text literal.
        widens: whether a column that holds rows can get another, wider type.
        hash_sum: the exact sum of the hashes of rows of the quoted columns `{}`; empty where rows have none, and are
            digested as they are read in the order of their values.
        drop_key: what takes the primary key from a table, of the quoted name of its constraint.
    """

    name: str
    write: Callable[[DataType], str]
    read: Callable[[str], DataType]
    default_schema: str = ""
    alters: frozenset[Kind] = ALL
    comments: str = ""
    epoch: str = "extract(epoch FROM {})"
    now: str = "current_timestamp"
    begin_reading: str = "START TRANSACTION READ ONLY"
    end_reading: str = "ROLLBACK"
    fitting: Callable[[str, DataType, DataType], str] | None = None
    lock: str = ""
    keys: bool = False
    tags: bool = False
    select_fault: Callable[[str], str] = lambda _: ""
    quote: Callable[[str], str] = quoted
    literal: Callable[[str], str] = literal
    widens: Callable[[DataType, DataType], bool] = lambda _old, _new: True
    hash_sum: str = ""
    drop_key: str = "DROP CONSTRAINT {}"

    def type_of(self, spelling: str) -> DataType:
        """The type of a column as the catalog shows it; what has no counterpart here is a string."""
        try:
            return self.read(spelling)
        except ValueError:
            return DataType("string")

    def parts(self, place: Place) -> tuple[str, str]:
        """Schema and name of a place."""
        return split(place.table or "", self.default_schema) if self.default_schema else ("", place.table or "")

    def qualified(self, place: Place) -> str:
        """The name of a place, quoted, with its schema where there are schemas."""
        return ".".join(self.quote(part) for part in self.parts(place) if part)

    def address(self, place: Place) -> str:
        """One text for one place, for databases that know no upper and lower case of names."""
        schema, name = (part.lower() for part in self.parts(place))
        return name if schema == self.default_schema else f"{schema}.{name}"
