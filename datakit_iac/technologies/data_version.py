"""The version of data: a text that is another one where the data is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from datakit_iac.manifest.models.column import Column


@dataclass(frozen=True, slots=True)
class DataVersion:
    """A text that is another one where the data is.

    >>> str(DataVersion("1f2a")), str(DataVersion("42", "token"))
    ('1f2a', 'token:42')

    Attributes:
        value: the text.
        kind: ``digest`` of the content, the same for the same content; or a ``token`` that costs nothing (an etag,
            offsets, when it was last altered), which may be another one though the content is the same.
    """

    value: str
    kind: Literal["digest", "token"] = "digest"

    def __str__(self) -> str:
        """As it is recorded."""
        return self.value if self.kind == "digest" else f"{self.kind}:{self.value}"


def of_hashes(rows: int, total: int, columns: Iterable[Column]) -> DataVersion:
    """The version of rows that the database hashes itself, in whatever order they are.

    Args:
        rows: how many there are.
        total: the sum of their hashes.
        columns: the columns that are hashed, sorted.
    """
    described = ",".join(f"{column.name.lower()} {column.type}" for column in columns)
    digest = hashlib.blake2b(described.encode(), digest_size=6).hexdigest()
    return DataVersion(f"{rows}-{int(total):x}-{digest}")
