"""Counting the values of JSON text without DuckDB: the elements of one array, or values one after another.

Only strings, brackets and commas are looked at. Whether the rest is JSON is for DuckDB to say.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.technologies.files.cloudquery.finding import DataFile
from datakit_iac.technologies.files.cloudquery.records import line, too_long

_QUOTE, _COMMA, _LF, _CR, _OPEN, _CLOSE = b'",\n\r{}'
_WHITE: Final = b" \t\r\n"
_BOM: Final = b"\xef\xbb\xbf"


_CLASSES: Final = bytes(
    {**dict.fromkeys(b"{[", 1), **dict.fromkeys(b"}]", 255), _QUOTE: 2, _COMMA: 2}.get(sign, 0) for sign in range(256)
)
"""A step of depth for each byte, as int8; 2 is a sign that is none."""
_IS_WHITE: Final = np.isin(np.arange(256), list(_WHITE))
_GOES_ON: Final = np.isin(np.arange(256), list(b" \t{"))
"""What may be between two values of one line, after the first one's bracket."""

Bytes = npt.NDArray[np.uint8]
Positions = npt.NDArray[np.intp]


class JsonValues:
    """The values of one file."""

    def __init__(self, file: DataFile, limit: int) -> None:
        self._file, self._limit = file, limit
        self._values = self._elements = self._depth = 0
        self._offset = self._start = 0
        self._is_string = self._is_escaped = self._is_scalar = False
        self._is_array: bool | None = None
        """Whether the first value is an array; None before it."""
        self._has_elements: bool | None = None
        """Whether there is something in that array; None as long as that is not known."""

    @property
    def records(self) -> int:
        """How many there are: the elements, if an array is all; else the values."""
        if self._is_array and self._values == 1:
            return self._elements + 1 if self._has_elements else 0
        return self._values

    def count(self, blocks: Iterable[bytes]) -> None:
        """Count all values.

        Raises:
            PluginFault: a value is too long, or the text ends inside of one.
        """
        rest = b""
        for number, block in enumerate(blocks):
            text = rest + (b"   " + block[len(_BOM) :] if number == 0 and block.startswith(_BOM) else block)
            # Whole lines, if there are any: then they may be counted as such.
            cut = text.rfind(b"\n") + 1 or len(text)
            rest = text[cut:]
            self._take(text[:cut])
        self._take(rest)
        if self._depth or self._is_string:
            inside = "a string" if self._is_string else "a record" if not self._is_array else "the array"
            where = f"{self._file.shown}, line {line(self._file, self._offset):,}"
            raise PluginFault(f"{where}: the file ends inside {inside}; deliver it again, whole")

    def _unescaped(self, block: bytes) -> bytes:
        """The block with other signs in place of escaped ones."""
        if self._is_escaped:
            block = b"_" + block[1:]
        if b"\\" not in block:
            self._is_escaped = False
            return block
        block = block.replace(b"\\\\", b"__").replace(b'\\"', b"__")
        self._is_escaped = block.endswith(b"\\")
        return block

    def _take(self, text: bytes) -> None:
        if not text or self._are_lines(text):
            return
        block = self._unescaped(text)
        data = np.frombuffer(block, dtype=np.uint8)
        classes = np.frombuffer(block.translate(_CLASSES), dtype=np.int8)
        signs = np.flatnonzero(classes != 0)
        is_quote = data[signs] == _QUOTE
        is_within = ((np.cumsum(is_quote) + self._is_string) & 1).astype(np.bool_)
        quotes = signs[is_quote]
        kept = signs[~(is_quote | is_within)]
        steps = np.where(data[kept] == _COMMA, 0, classes[kept]).astype(np.intp)
        depths = self._depth + np.cumsum(steps)
        if len(depths) and depths.min() < 0:
            number = line(self._file, self._offset + int(kept[np.argmax(depths < 0)]))
            raise PluginFault(f"{self._file.shown}, line {number:,}: a bracket closes that was not opened; fix it")
        opening = kept[(steps == 1) & (depths == 1)]
        closing = kept[(steps == -1) & (depths == 0)]
        commas = kept[(steps == 0) & (depths == 1)]
        self._scalars(data, quotes, opening, closing)
        self._first(block, opening)
        self._values += len(opening)
        in_array = self._is_array and self._values == 1
        if in_array:
            self._elements += len(commas)
        bounds = [opening, closing, commas] if self._is_array else [opening, closing]
        self._measure(np.sort(np.concatenate(bounds)), len(block))
        self._depth = int(depths[-1]) if len(depths) else self._depth
        self._is_string ^= bool(len(quotes) % 2)
        self._offset += len(block)

    def _are_lines(self, text: bytes) -> bool:
        """Count lines that are one object each, if all of them are: much the most usual, and ten times as fast.

        A bracket that closes, and after it one that opens, are side by side only between values.
        """
        is_between = not (self._depth or self._is_string or self._is_scalar)
        if not is_between or self._is_array or not text.startswith(b"{") or not text.endswith((b"}\n", b"}\r\n")):
            return False
        data = np.frombuffer(text, dtype=np.uint8)
        ends = np.flatnonzero(data == _LF)
        before = data[ends - 1 - (data[ends - 1] == _CR)]
        if not bool((before == _CLOSE).all() and (data[ends[:-1] + 1] == _OPEN).all()):
            return False
        closing = np.flatnonzero(data == _CLOSE)
        after = data[closing + 1]
        if _GOES_ON[after].any() or bool((data[closing[after == _CR] + 2] != _LF).any()):
            return False
        self._is_array = False
        self._values += len(ends)
        self._measure(ends + 1, len(text))
        self._offset += len(text)
        return True

    def _first(self, block: bytes, opening: Positions) -> None:
        """Learn what the first value is, and whether it has elements."""
        begin = 0
        if self._is_array is None and len(opening) and not self._values:
            begin = int(opening[0]) + 1
            self._is_array = block[begin - 1 : begin] == b"["
        elif self._is_array is None and self._values:
            self._is_array = False
        if self._is_array and self._has_elements is None and (rest := block[begin:].lstrip(_WHITE)):
            self._has_elements = not rest.startswith(b"]")

    def _scalars(self, data: Bytes, quotes: Positions, opening: Positions, closing: Positions) -> None:
        """Count the values outside of all brackets that are neither array nor object: numbers, null, text."""
        begins = np.concatenate([[0], closing + 1]) if not self._depth else closing + 1
        ends = np.concatenate([opening, [len(data)]]) if len(begins) > len(opening) else opening
        lengths = ends - begins
        short = (lengths == 0) | ((lengths == 1) & _IS_WHITE[data[np.minimum(begins, len(data) - 1)]])
        if len(lengths) and self._is_scalar and lengths[0] > 0:
            short[0] = False
        if bool(short.all()):
            self._is_scalar = False
            return
        is_blank = _IS_WHITE[data]
        if len(quotes) or self._is_string:
            inside = np.zeros(len(data) + 1, dtype=np.int8)
            edges = quotes.tolist()
            inside[edges[int(self._is_string) :: 2]] = 1
            inside[[edge + 1 for edge in edges[1 - int(self._is_string) :: 2]]] -= 1
            inside[0] += self._is_string
            is_blank &= np.cumsum(inside[:-1]) == 0
        for begin, end in zip(begins[~short].tolist(), ends[~short].tolist(), strict=True):
            blank = is_blank[begin:end]
            before = np.concatenate([[not (begin == 0 and self._is_scalar)], blank[:-1]])
            self._values += int(np.count_nonzero(~blank & before))
        self._is_scalar = bool(len(ends)) and int(ends[-1]) == len(data) and not is_blank[-1]

    def _measure(self, bounds: Positions, size: int) -> None:
        """Hold each record to the limit."""
        edges = np.concatenate([[self._start - self._offset], bounds, [size]])
        lengths = np.diff(edges)
        if lengths.max() > self._limit:
            which = int(np.argmax(lengths > self._limit))
            raise too_long(self._file, self._offset + int(edges[which]), int(lengths[which]), self._limit)
        self._start = self._offset + int(edges[-2])
