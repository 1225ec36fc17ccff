"""How objects can be written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.technologies.files import csv_options
from datakit_iac.technologies.files.listing import is_pattern

FORMATS: Final[Mapping[str, str]] = {"parquet": "parquet", "csv": "csv", "json": "jsonl"}
"""The formats, and how the names of their objects end."""
_NAMED: Final = re.compile(r"^[0-9a-f]{16}-\d{5}\.(parquet|csv|jsonl)$")
CSV: Final = frozenset({"delimiter", "quote", "escape", "header", "nulls"})
"""The options of CSV that are written as well as read."""


def is_of_a_load(key: str) -> bool:
    """Whether an object has a name that a load of ours gives; the folders before it are those of partitions."""
    return bool(_NAMED.match(key.rpartition("/")[2]))


def unwritable(target: BoundDataSet) -> Iterator[str]:
    """What cannot be written of a DataSet, each one sentence."""
    wanted = target.place.format or "parquet"
    if wanted not in FORMATS:
        yield f"{target.name} cannot be written as {wanted}; expected one of {', '.join(FORMATS)}"
    others = sorted(name for name in csv_options.OPTIONS if target.options.get(name) is not None and name not in CSV)
    if wanted == "csv" and others:
        yield f"{target.name}: CSV is not written with {', '.join(others)}; leave that out, or let it be parquet"
    if target.tests or any(column.tests for column in target.columns):
        yield f"tests of {target.name} cannot run on s3; put them on the DataSet it is loaded into"
    if is_pattern(str(target.place)):
        yield f"{target.name} is a pattern of objects ({target.place}); what is written needs a prefix of its own"
