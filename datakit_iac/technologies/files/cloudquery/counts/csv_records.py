"""Counting the records of CSV text without DuckDB, at the speed of numpy.

A record ends with a line break outside quotes. A quote opens a value only at its beginning, perhaps after spaces, and
is doubled or escaped inside. A file has one kind of line break outside quotes: LF, CR LF or CR. An empty line is a
record without a value where there is one column, and nothing where there are several.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.technologies.files.cloudquery.finding import DataFile
from datakit_iac.technologies.files.cloudquery.opening import Dialect
from datakit_iac.technologies.files.cloudquery.records import line, too_long

_LF, _CR, _SPACE = b"\n\r "
_BOM: Final = b"\xef\xbb\xbf"
_BREAKS: Final = {b"\n": "LF", b"\r\n": "CR LF", b"\r": "CR"}

Bytes = npt.NDArray[np.uint8]
Positions = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]


class Watch(Protocol):
    """Called with each block of a file while its records are counted; positions are bytes of the file."""

    def text(self, text: bytes, offset: int, delimiters: Positions, strange: Sequence[int]) -> None:
        """The next text, its delimiters outside quotes, and the quoted values that something else follows."""

    def records(self, starts: Positions, ends: Positions, line_break: int) -> None:
        """The next records, whose text was given, the header and empty lines among them; they end with a line break."""


class CsvRecords:
    """The records of one file.

    Attributes:
        records: how many there are, the header's with them and empty lines left out.
        empty: lines without anything.
        head: the first record, with its line break.
        line_break: that of the file; empty where it has none.

    Args:
        file: whose they are.
        dialect: how records are cut.
        limit: the most bytes of a record.
        watch: sees them.
    """

    def __init__(self, file: DataFile, dialect: Dialect, limit: int, watch: Watch | None = None) -> None:
        self.records, self.empty, self.head = 0, 0, b""
        self._file, self._limit, self._watch = file, limit, watch
        self._quote, self._delimiter = dialect.quote.encode(), dialect.delimiter.encode()
        self._is_doubled = dialect.quote == dialect.escape
        self.line_break = b""
        self._offset = self._start = 0
        """Bytes that were looked at, and where the record begins that has not ended."""
        self._is_quoted = self._has_head = False
        neighbours = np.zeros(256, dtype=np.bool_)
        neighbours[[_LF, _CR, self._delimiter[-1], *self._quote]] = True
        self._neighbours = neighbours
        self._quoted = re.compile(dialect.quoted().encode() if dialect.quote else b"")
        self._follows = re.compile(rb" *(?:[\r\n]|\Z|%s)" % re.escape(self._delimiter))
        self._strange = list[int]()
        """Where quoted values begin that something else follows than a delimiter or an end."""

    def count(self, blocks: Iterable[bytes]) -> None:
        """Count all records.

        Raises:
            PluginFault: a record is too long, line breaks are mixed, or the last quote is not closed.
        """
        for lines in self._lines(blocks):
            if not self._offset and lines.startswith(_BOM):
                self._offset = self._start = len(_BOM)
                self._take(lines[len(_BOM) :])
            else:
                self._take(lines)
        if self._is_quoted:
            raise PluginFault(
                f"{self._file.shown}, line {line(self._file, self._start):,}: a quote that opens in this record is not"
                " closed before the file ends; close it, or deliver the file again, whole"
            )
        if self._offset > self._start:
            self.records += 1
            if self._watch:
                self._watch.records(np.array([self._start]), np.array([self._offset]), 0)

    def _lines(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """The text in pieces that end with a line break, quoted or not; the last one as it is."""
        pieces: list[bytes] = []
        waiting = 0
        for each in blocks:
            block = each
            if pieces and pieces[-1].endswith(b"\r"):
                # Is it CR or CR LF? Only now it can be told.
                waiting -= len(pieces[-1])
                block = pieces.pop() + each
            cut = block.rfind(b"\n") + 1 or block.rfind(b"\r", 0, len(block) - 1) + 1
            if cut:
                yield b"".join([*pieces, block[:cut]])
                pieces, waiting = [], 0
            if rest := block[cut:]:
                pieces.append(rest)
                waiting += len(rest)
            if waiting > self._limit:
                raise too_long(self._file, self._start, waiting, self._limit)
        if pieces:
            last = b"".join(pieces)
            yield last + b"\n" if self.line_break == b"\r\n" and last.endswith(b"\r") else last

    def _take(self, lines: bytes) -> None:
        plain, data = lines, np.frombuffer(lines, dtype=np.uint8)
        is_quoted = self._quote and self._quote in lines
        quotes = np.flatnonzero(data == self._quote[0]) if is_quoted else _none()
        was_quoted = self._is_quoted
        if len(quotes) and not self._is_regular(data, quotes):
            plain, quotes, was_quoted = self._masked(lines), _none(), False
            data = np.frombuffer(plain, dtype=np.uint8)
        elif len(quotes) % 2:
            self._is_quoted = not self._is_quoted

        def outside(sign: int) -> Positions:
            found = np.flatnonzero(data == sign)
            if not was_quoted and not len(quotes):
                return found
            is_outside: npt.NDArray[np.bool_] = (np.searchsorted(quotes, found) + was_quoted) % 2 == 0
            return found[is_outside]

        if self._watch:
            one = len(self._delimiter) == 1
            delimiters = outside(self._delimiter[0]) if one else _all(self._delimiter, plain)
            self._watch.text(lines, self._offset, self._offset + delimiters, self._strange)
            self._strange = []
        self._end(lines, outside(_LF), outside(_CR) if b"\r" in lines else _none())

    def _is_regular(self, data: Bytes, quotes: Positions) -> bool:
        """Whether each quote is what its number says, opening or closing, as the characters beside it show."""
        if len(self._delimiter) > 1 or not self._is_doubled:
            return False
        first = int(self._is_quoted)
        opening, closing = quotes[first::2], quotes[1 - first :: 2]
        return self._stands(data, opening[opening > 0], -1) and self._stands(data, closing[closing < len(data) - 1], 1)

    def _stands(self, data: Bytes, quotes: Positions, step: int) -> bool:
        """Whether a value can begin or end at each of the quotes; beside it may be one space."""
        beside = data[quotes + step]
        is_right = self._neighbours[beside]
        spaced = quotes[~is_right & (beside == _SPACE)] + 2 * step
        # Before the first byte there is a line break, as at the end.
        further = data[np.minimum(spaced, len(data) - 1)]
        return len(spaced) == int(np.count_nonzero(~is_right)) and bool(
            (self._neighbours[further] & (further != self._quote[0])).all()
        )

    def _masked(self, lines: bytes) -> bytes:
        """The lines with another sign in place of what is quoted."""
        is_open, before = False, self._quote if self._is_quoted else b""

        def mask(match: re.Match[bytes]) -> bytes:
            nonlocal is_open
            is_open = match[3] is not None
            if not is_open and not self._follows.match(match.string, match.end()):
                self._strange.append(self._offset + max(match.start(2) - len(before), 0))
            return match[1] + b"x" * len(match[2])

        text = self._quoted.sub(mask, before + lines)[len(before) :]
        self._is_quoted = is_open
        return text

    def _end(self, lines: bytes, feeds: Positions, returns: Positions) -> None:
        """Count the records that end in these lines."""
        if not self.line_break and (len(feeds) or len(returns)):
            self.line_break = _kind(feeds, returns)
        ends = returns if self.line_break == b"\r" else feeds
        if (strange := _strange(self.line_break, feeds, returns)) is not None:
            first, where = _BREAKS[self.line_break], line(self._file, self._offset + strange)
            raise PluginFault(
                f"{self._file.shown}, line {where:,}: this line ends otherwise than the first one, which ends with"
                f" {first}; write all line ends alike, or quote the value"
            )
        begin = self._start - self._offset
        if len(ends):
            lengths = np.diff(ends, prepend=begin - 1)
            if lengths.max() > self._limit:
                which = int(np.argmax(lengths > self._limit))
                start = self._start if which == 0 else self._offset + int(ends[which - 1]) + 1
                raise too_long(self._file, start, int(lengths[which]), self._limit)
            empty = int(np.count_nonzero(lengths == len(self.line_break)))
            if self._watch:
                last = self._offset + ends + 1
                self._watch.records(last - lengths, last, len(self.line_break))
            self.records += len(ends) - empty
            self.empty += empty
            self._start = self._offset + int(ends[-1]) + 1
        if not self._has_head:
            self.head += lines[: int(ends[0]) + 1] if len(ends) else lines
            self._has_head = bool(len(ends))
        self._offset += len(lines)
        if self._offset - self._start > self._limit:
            raise too_long(self._file, self._start, self._offset - self._start, self._limit)


def _kind(feeds: Positions, returns: Positions) -> bytes:
    if not len(returns) or (len(feeds) and feeds[0] < returns[0]):
        return b"\n"
    return b"\r\n" if len(feeds) and feeds[0] == returns[0] + 1 else b"\r"


def _strange(kind: bytes, feeds: Positions, returns: Positions) -> int | None:
    """Where a line ends otherwise than with `kind`."""
    if kind == b"\r\n":
        if len(feeds) == len(returns) and bool((feeds == returns + 1).all()):
            return None
        strange = np.setxor1d(feeds, returns + 1)
    else:
        strange = returns if kind == b"\n" else feeds
    return int(strange[0]) if len(strange) else None


def _all(part: bytes, text: bytes) -> Positions:
    return np.array([match.start() for match in re.finditer(re.escape(part), text)], dtype=np.intp)


def _none() -> Positions:
    return np.empty(0, dtype=np.intp)
