"""What an author says of one column, beside its type: ``Annotated[str, pii]``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final


class Marker:
    """Fields of a column, in the names of manifests.

    >>> pii
    Marker(pii=True)

    Attributes:
        fields: by name.
        meaning: what it says, in one sentence.
    """

    def __init__(self, fields: Mapping[str, Any], meaning: str = "") -> None:
        self.fields, self.meaning = dict(fields), meaning

    def __repr__(self) -> str:
        return f"Marker({', '.join(f'{name}={value!r}' for name, value in self.fields.items())})"


pii: Final = Marker({"pii": True}, "The column holds personal data: ``Annotated[str, pii]``.")
no_pii: Final = Marker({"pii": False}, "The column holds no personal data.")
primary_key: Final = Marker(
    {"primaryKey": True}, "The column is part of the primary key: ``Annotated[int, primary_key]``."
)


def column(
    *,
    type: str | None = None,  # noqa: A002 - the manifest's word
    description: str | None = None,
    nullable: bool | None = None,
    masking: str | None = None,
    from_: str | Sequence[str] | None = None,
    previous_names: Sequence[str] | None = None,
    tests: Sequence[Any] | None = None,
) -> Marker:
    """What a manifest may say of a column.

    >>> column(type="decimal(10,2)", tests=["unique"])
    Marker(type='decimal(10,2)', tests=['unique'])

    Args:
        type: the type, where the annotation does not say it exactly.
        description: what the values mean.
        nullable: whether there may be none; else as the annotation says.
        masking: how personal data is made unrecognisable.
        from_: the columns of inputs that the values come from, ``DATASET.COLUMN``.
        previous_names: the names that the column had.
        tests: the tests that its values must pass, as in a manifest.
    """
    said = {
        "type": type,
        "description": description,
        "nullable": nullable,
        "masking": masking,
        "from": from_,
        "previousNames": previous_names and [*previous_names],
        "tests": tests and [*tests],
    }
    return Marker({name: value for name, value in said.items() if value is not None})
