"""Where records of a CSV file are, by their numbers or by the byte that they begin with."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from datakit_iac.technologies.files.cloudquery.counts.counting import unequal
from datakit_iac.technologies.files.cloudquery.counts.csv_records import CsvRecords, Flags, Positions
from datakit_iac.technologies.files.cloudquery.finding import DataFile
from datakit_iac.technologies.files.cloudquery.records import blocks
from datakit_iac.technologies.files.cloudquery.scanning import Csv


class Spot(NamedTuple):
    """Where a record is: its line as it was delivered, and its text."""

    line: int
    raw: str


@dataclass
class _Spans:
    """The bytes of the records that are looked for.

    Attributes:
        numbers: of records that can be read, from 1 on, in order.
        unread: where the others begin.
        found: where each begins and ends.
    """

    numbers: Sequence[int]
    unread: Positions
    has_header: bool
    has_empty: bool
    found: dict[int, tuple[int, int]] = field(default_factory=dict)
    of_unread: dict[int, tuple[int, int]] = field(default_factory=dict)
    _seen: int = 0

    def text(self, text: bytes, offset: int, delimiters: Positions, strange: Sequence[int]) -> None:
        """Where records begin and end is all that is asked."""

    def records(self, starts: Positions, ends: Positions, line_break: int) -> None:
        """Take the next records."""
        if self.has_header:
            self.has_header = False
            starts, ends = starts[1:], ends[1:]
        is_unread = self._is_unread(starts)
        for start, end in zip(starts[is_unread].tolist(), ends[is_unread].tolist(), strict=True):
            self.of_unread[start] = (start, end)
        is_read = ~is_unread if self.has_empty else ~(is_unread | (ends - starts == line_break))
        starts, ends = starts[is_read], ends[is_read]
        first, last = (bisect_right(self.numbers, number) for number in (self._seen, self._seen + len(starts)))
        for number in self.numbers[first:last]:
            index = number - self._seen - 1
            self.found[number] = (int(starts[index]), int(ends[index]))
        self._seen += len(starts)

    def _is_unread(self, starts: Positions) -> Flags:
        if not len(self.unread):
            return np.zeros(len(starts), dtype=np.bool_)
        nearest = np.minimum(np.searchsorted(self.unread, starts), len(self.unread) - 1)
        found: Flags = self.unread[nearest] == starts
        return found


def spots(
    file: DataFile, csv: Csv, columns: int, numbers: Sequence[int], unread: Sequence[int], most: int | None
) -> tuple[dict[int, Spot], dict[int, Spot]]:
    """Where records are, by their number, and by their first byte.

    Args:
        file: as it was counted.
        csv: how it is read.
        columns: how many there are.
        numbers: of the records that can be read, from 1 on, in order.
        unread: the first byte of each record that cannot, in order.
        most: how many of those are wanted; None for all.

    Raises:
        PluginFault: there are no such records.
    """
    spans = _Spans(numbers, np.array(unread, dtype=np.intp), csv.options.header, columns == 1)
    CsvRecords(file, csv.dialect, csv.limit, spans).count(blocks(file))
    if len(spans.found) < len(numbers) or len(spans.of_unread) < len(unread):
        raise unequal(file.shown, file.records, file.records - len(spans.of_unread))
    wanted = {start: spans.of_unread[start] for start in unread[:most]}
    together = sorted({*spans.found.values(), *wanted.values()})
    placed = dict(zip(together, _placed(file, together), strict=True))
    return (
        {number: placed[span] for number, span in spans.found.items()},
        {start: placed[span] for start, span in wanted.items()},
    )


def _placed(file: DataFile, spans: Sequence[tuple[int, int]]) -> Iterator[Spot]:
    """Each with its line, in one walk through the file."""
    lines, at = 1, 0
    with file.path.open("rb") as plain:
        for start, end in spans:
            while at < start:
                part = plain.read(min(1 << 20, start - at))
                lines, at = lines + _breaks(part), at + len(part)
            raw = plain.read(end - start)
            yield Spot(
                lines + bisect_right(file.left_out, start), raw.decode("utf-8", "backslashreplace").rstrip("\r\n")
            )
            lines, at = lines + _breaks(raw), end


def _breaks(text: bytes) -> int:
    return text.count(b"\n") or text.count(b"\r")
