"""How large what is delivered may be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from datakit_iac.manifest.wording import found

RECORD: Final = "maxRecordSize"
UNPACKED: Final = "maxUnpackedSize"
RATIO: Final = "maxUnpackedRatio"
OPTIONS: Final = frozenset({RECORD, UNPACKED, RATIO})

LARGEST_RECORD: Final = 1 << 30
"""What DuckDB's readers can be told to take, with room for their buffers."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one Store of files.

    Attributes:
        record: bytes of one record: a CSV row with its header's too, or a JSON object.
        unpacked: bytes that one .zip or .gz file may unpack to.
        ratio: how many times its own size a packed file may unpack to; what stays below 64 MiB may be more.
    """

    record: int = 16 << 20
    unpacked: int = 16 << 30
    ratio: float = 200.0

    @classmethod
    def read(cls, options: Mapping[str, Any]) -> tuple[Limits, list[str]]:
        """The limits that options say, and what is wrong with them.

        >>> Limits.read({"maxRecordSize": "64Mi", "maxUnpackedRatio": 50})[0]
        Limits(record=67108864, unpacked=17179869184, ratio=50.0)
        """
        faults: list[str] = []
        record = _size(options, RECORD, cls().record, faults)
        if record > LARGEST_RECORD:
            faults.append(f"{RECORD} is {found(options[RECORD])}; expected at most 1Gi")
        ratio = options.get(RATIO, cls().ratio)
        if isinstance(ratio, bool) or not isinstance(ratio, int | float) or not ratio >= 1:
            faults.append(f"{RATIO} is {found(ratio)}; expected a number of at least 1")
            ratio = 1
        return cls(record, _size(options, UNPACKED, cls().unpacked, faults), float(ratio)), faults


def _size(options: Mapping[str, Any], name: str, default: int, faults: list[str]) -> int:
    if name not in options:
        return default
    from datakit_iac.manifest.values.quantity import amount  # late: it imports pydantic, which takes a while

    value = options[name]
    try:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError
        size = int(amount(str(value)))
        if size < 1:
            raise ValueError
    except (ValueError, OverflowError):
        faults.append(f"{name} is {found(value)}; expected bytes, for instance 64Mi or 10Gi")
        return default
    return size
