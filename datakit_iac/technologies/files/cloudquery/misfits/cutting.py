"""Records of CSV that cannot be cut into the values of their columns, found without DuckDB.

Told to pass over such a record, DuckDB passes over records after it too; so it is given files that have none.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from datakit_iac.technologies.files.cloudquery.counts.csv_records import CsvRecords, Positions
from datakit_iac.technologies.files.cloudquery.finding import DataFile, State
from datakit_iac.technologies.files.cloudquery.opening import Dialect
from datakit_iac.technologies.files.cloudquery.records import blocks, changed
from datakit_iac.technologies.files.cloudquery.scanning import Csv

_BLOCK: Final = 1 << 20
_LOOSE: Final = 1 << 16
"""Bytes in which the end of a value is looked for whose quotes are not doubled."""
_NO_UTF_8: Final = "it is not utf-8 encoded; say what it is by the reader option `encoding`"
_FOLLOWED: Final = "something follows the quote that closes a value; inside of a value, double it or escape it"
_DOUBTFUL: Final = "it may be part of the record before it, in which a quote is neither doubled nor escaped"


class Uncut(NamedTuple):
    """Where a record ends that cannot be cut, and why."""

    end: int
    reason: str


@dataclass
class _Cuts:
    """Looks at each record while they are counted.

    Attributes:
        columns: how many values a record has.
        delimiter: bytes of a delimiter.
        is_header: whether the next record is one.
        uncut: the records that cannot be cut, by their first byte.
        strange: those among them in which something follows a quoted value.
    """

    columns: int
    delimiter: int
    is_header: bool
    uncut: dict[int, Uncut] = field(default_factory=dict)
    strange: list[int] = field(default_factory=list)
    _delimiters: Positions = field(default_factory=lambda: np.empty(0, dtype=np.intp))
    _followed: list[int] = field(default_factory=list)
    _undecodable: list[int] = field(default_factory=list)

    def text(self, text: bytes, offset: int, delimiters: Positions, strange: Sequence[int]) -> None:
        """Note what is in the text."""
        self._delimiters = np.concatenate([self._delimiters, delimiters])
        self._followed += strange
        self._undecodable += _undecodable(text, offset)

    def records(self, starts: Positions, ends: Positions, line_break: int) -> None:
        """Look at the next records."""
        first, last = (np.searchsorted(self._delimiters, at) for at in (starts, ends))
        found = last - first + 1
        wrong = found != self.columns
        if self.columns > 1:
            wrong &= ends - starts != line_break
        for index in np.flatnonzero(wrong).tolist():
            # One delimiter too many with nothing after it is the end of the last value, for DuckDB.
            at_end = ends[index] - line_break - self.delimiter
            if found[index] != self.columns + 1 or self._delimiters[last[index] - 1] != at_end:
                reason = f"Expected Number of Columns: {self.columns} Found: {found[index]}"
                self.uncut[int(starts[index])] = Uncut(int(ends[index]), reason)
        for start, end in _holding(starts, ends, self._undecodable):
            self.uncut[start] = Uncut(end, _NO_UTF_8)
        for start, end in _holding(starts, ends, self._followed):
            self.uncut[start] = Uncut(end, _FOLLOWED)
            self.strange.append(start)
        if self.is_header:
            self.is_header = False
            self.uncut.pop(int(starts[0]), None)
        self._delimiters = self._delimiters[int(last[-1]) :]


def _holding(starts: Positions, ends: Positions, places: list[int]) -> list[tuple[int, int]]:
    """The records that hold some of the places, in order; these are taken away."""
    here = [place for place in places if place < ends[-1]]
    del places[: len(here)]
    indexes = sorted({*(np.searchsorted(starts, here, side="right") - 1).tolist()})
    return [(int(starts[index]), int(ends[index])) for index in indexes]


def _undecodable(text: bytes, offset: int) -> list[int]:
    """A byte of each line that is not UTF-8."""
    try:
        text.decode()
    except UnicodeDecodeError:
        pass
    else:
        return []
    found = list[int]()
    for line in text.split(b"\n" if b"\n" in text else b"\r"):
        try:
            line.decode()
        except UnicodeDecodeError as fault:
            found.append(offset + fault.start)
        offset += len(line) + 1
    return found


def uncut(file: DataFile, csv: Csv, columns: int) -> dict[int, Uncut]:
    """The records of a file that cannot be cut, by their first byte, in order.

    Args:
        file: as it was counted.
        csv: how it is read.
        columns: how many values a record has.
    """
    cuts = _Cuts(columns, len(csv.dialect.delimiter.encode()), csv.options.header)
    CsvRecords(file, csv.dialect, csv.limit, cuts).count(blocks(file))
    return dict(sorted((cuts.uncut | _doubtful(file, csv, cuts)).items()))


def without(file: DataFile, found: Mapping[int, Uncut], folder: Path) -> DataFile:
    """The file without these records, a copy in the folder.

    Raises:
        PluginFault: it was changed meanwhile.
    """
    if not found:
        return file
    target = folder / f"cut-{len(list(folder.iterdir()))}.csv"
    with file.path.open("rb") as whole, target.open("xb") as rest:
        at = 0
        for start, (end, _) in (*found.items(), (file.size, Uncut(file.size, ""))):
            while block := whole.read(min(_BLOCK, start - at)):
                rest.write(block)
                at += len(block)
            at = whole.seek(max(end, at))
    if State.of(file.path) != file.state:
        raise changed(file)
    state = State.of(target)
    return replace(file, path=target, records=file.records - len(found), size=state.size, state=state)


def _doubtful(file: DataFile, csv: Csv, cuts: _Cuts) -> dict[int, Uncut]:
    """The records after one in which something follows a quote, if they would belong to it with that quote doubled."""
    if not cuts.strange:
        return {}
    spans = list[tuple[int, int]]()
    with file.path.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as text:
        for start in cuts.strange:
            if (end := _loosely(text, start, csv.dialect, cuts.columns)) > cuts.uncut[start].end:
                spans.append((cuts.uncut[start].end, end))
    within = _Within(spans, cuts.columns == 1)
    if spans:
        CsvRecords(file, csv.dialect, csv.limit, within).count(blocks(file))
    return {start: Uncut(end, _DOUBTFUL) for start, end in within.found if start not in cuts.uncut}


def _loosely(text: mmap.mmap, start: int, dialect: Dialect, columns: int) -> int:
    """Where a record ends if a quote closes a value only before a delimiter or a line break; 0 if it cannot be so.

    No value holds what looks like the beginning of another quoted one.
    """
    delimiter, quote = re.escape(dialect.delimiter), re.escape(dialect.quote)
    closing, opening = rf"{quote}(?= *(?:{delimiter}|[\r\n]))", rf"(?:{delimiter}|[\r\n]) *{quote}"
    value = re.compile(rf" *{quote}(?:(?!{opening})(?s:.))*?{closing} *|(?:(?!{delimiter})[^\r\n])*".encode())
    at, last = start, min(start + _LOOSE, len(text))
    for number in range(columns):
        match = value.match(text, at, last)
        assert match is not None, "it matches nothing, too"
        at = match.end()
        between = len(dialect.delimiter.encode())
        if number < columns - 1:
            if text[at : at + between] != dialect.delimiter.encode():
                return 0
            at += between
    return at if text[at : at + 1] in (b"\r", b"\n") else 0


@dataclass
class _Within:
    """The records that begin in some spans."""

    spans: Sequence[tuple[int, int]]
    has_empty: bool
    found: list[tuple[int, int]] = field(default_factory=list)

    def text(self, text: bytes, offset: int, delimiters: Positions, strange: Sequence[int]) -> None:
        """Where records begin and end is all that is asked."""

    def records(self, starts: Positions, ends: Positions, line_break: int) -> None:
        """Take those of the next records."""
        is_record = (ends - starts != line_break) | self.has_empty
        starts, ends = starts[is_record], ends[is_record]
        for first, last in self.spans:
            of_span = slice(*np.searchsorted(starts, (first, last)).tolist())
            self.found += zip(starts[of_span].tolist(), ends[of_span].tolist(), strict=True)
