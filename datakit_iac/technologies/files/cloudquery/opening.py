"""A CSV file as plain UTF-8 that begins with its header, and its delimiter."""

from __future__ import annotations

import codecs
import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import IO, Final

from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.technologies.files.cloudquery.finding import DataFile, State
from datakit_iac.technologies.files.cloudquery.records import BLOCK, blocks, changed, too_long
from datakit_iac.technologies.files.csv_options import CsvOptions

_DELIMITERS: Final = ",;\t|"
_BREAKS: Final = ("\r", "\n")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How records are cut into values.

    Attributes:
        delimiter: the text between them.
        quote: the character around them; empty for none.
        escape: the character before a quote inside of quotes.
    """

    delimiter: str
    quote: str = '"'
    escape: str = '"'

    def quoted(self, delimiters: str = "") -> str:
        """A regular expression of what may be before a value (1), and of a quoted one (2); 3 is its missing end."""
        before = "|".join(map(re.escape, delimiters or [self.delimiter]))
        spaces = "" if self.delimiter == " " else " *"
        quote, escape = re.escape(self.quote), re.escape(self.escape)
        inside = f"[^{quote}]++|{quote}{quote}" if quote == escape else rf"[^{quote}{escape}]++|{escape}(?s:.)"
        return rf"((?:^|[\r\n]|{before}){spaces})({quote}(?:{inside})*+(?:{quote}|(\Z)))"


def opened(file: DataFile, options: CsvOptions, limit: int, folder: Path) -> tuple[DataFile, Dialect]:
    """The file as plain UTF-8 without what is not data, a copy where it is none; and its dialect.

    Args:
        file: as it was delivered.
        options: how it is to be read.
        limit: bytes of a record.
        folder: where copies go.

    Raises:
        PluginFault: its text is not in the encoding, or its first record is too long.
    """
    is_utf_8 = options.encoding in ("utf-8", "utf-8-sig")
    # What is not UTF-8 is reported by the count and the reader, with its record; so here it goes through as it is.
    errors, before = "surrogateescape" if is_utf_8 else "strict", State.of(file.path)
    try:
        with file.path.open(encoding="utf-8-sig" if is_utf_8 else options.encoding, errors=errors, newline="") as text:
            lines = _Lines(text, options, limit)
            head = lines.head(file)
            if is_utf_8 and _begins_as_utf_16(file):
                raise not_in_encoding(file, "utf-8")
            if "\0" in head:
                raise PluginFault(
                    f"{file.shown} has a NUL in its first line; expected text as UTF-8; if it is UTF-16, say so by the"
                    " reader option `encoding`"
                )
            dialect = Dialect(options.delimiter or _delimiter(head, options), options.quote, options.escape)
            if is_utf_8 and not (options.skip or options.comment):
                return file, dialect
            target = folder / f"plain-{len(list(folder.iterdir()))}.csv"
            with target.open("x", encoding="utf-8", errors=errors, newline="") as plain:
                plain.writelines(lines.of_data(dialect))
    except UnicodeError as fault:
        raise not_in_encoding(file, options.encoding) from fault
    except OSError as fault:
        raise PluginFault(f"{file.shown} cannot be read: {fault.strerror or fault}") from fault
    if State.of(file.path) != before:
        raise changed(file)
    return replace(file, path=target, left_out=lines.left_out), dialect


@dataclass
class _Lines:
    """The lines of a text, without those that are not data.

    Attributes:
        left_out: where lines were left out: how many bytes of data are before each.
    """

    text: IO[str]
    options: CsvOptions
    limit: int
    left_out: array[int] = field(default_factory=lambda: array("q"))
    _read: list[str] = field(default_factory=list)

    def head(self, file: DataFile) -> str:
        """The first record, whatever the delimiter.

        Raises:
            PluginFault: it is too long.
        """
        for _ in range(self.options.skip):
            while (skipped := self._line()) and not skipped.endswith(_BREAKS):
                pass
            self.left_out.append(0)
        quotes = _Quotes(Dialect(_DELIMITERS[0], self.options.quote, self.options.escape), _DELIMITERS)
        head = ""
        while text := self._line():
            self._read.append(text)
            if not quotes.is_open and self._is_comment(text):
                continue
            head += text
            if len(head) > self.limit:
                raise too_long(file, 0, len(head), self.limit)
            if not quotes.after(text) and text.endswith(_BREAKS):
                break
        return head

    def of_data(self, dialect: Dialect) -> Iterator[str]:
        """All that is data, in pieces."""
        quotes, size, is_begin = _Quotes(dialect), 0, True
        if not self.options.comment:
            yield from self._read
            while block := self.text.read(BLOCK):
                yield block
            return
        for text in chain(self._read, iter(self._line, "")):
            if is_begin and not quotes.is_open and self._is_comment(text):
                is_begin = text.endswith(_BREAKS)
                self.left_out.append(size)
                continue
            quotes.after(text)
            is_begin = text.endswith(_BREAKS)
            size += len(text if text.isascii() else text.encode(errors="surrogateescape"))
            yield text

    def _line(self) -> str:
        return self.text.readline(self.limit + 1)

    def _is_comment(self, text: str) -> bool:
        return bool(self.options.comment) and text.startswith(self.options.comment)


class _Quotes:
    """Whether a quote is open after lines were read."""

    def __init__(self, dialect: Dialect, delimiters: str = "") -> None:
        self.is_open = False
        self._quote = dialect.quote
        self._quoted = re.compile(dialect.quoted(delimiters)) if dialect.quote else None

    def after(self, text: str) -> bool:
        """Whether one is open after this text, too."""
        if self._quoted and self._quote in text:
            found = [match[3] for match in self._quoted.finditer(self._quote + text if self.is_open else text)]
            self.is_open = bool(found) and found[-1] is not None
        return self.is_open


def _begins_as_utf_16(file: DataFile) -> bool:
    return next(blocks(file), b"")[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def _delimiter(head: str, options: CsvOptions) -> str:
    """The sign that cuts the first record into most pieces; what is quoted does not count."""
    if options.quote:
        dialect = Dialect(_DELIMITERS[0], options.quote, options.escape)
        head = re.sub(dialect.quoted(_DELIMITERS), r"\1", head)
    return max(_DELIMITERS, key=lambda sign: (head.count(sign), -_DELIMITERS.index(sign)))


def not_in_encoding(file: DataFile, encoding: str) -> PluginFault:
    """Where a text is not in its encoding; as far as it is, it is read once more."""
    decoder, offset, lines = codecs.getincrementaldecoder(encoding)(), 0, 1
    name = encoding.upper() if encoding.startswith("utf") else encoding
    for block in chain(blocks(file), [b""]):
        offset += len(block)
        try:
            text = decoder.decode(block, final=not block)
            lines += text.count("\n") or text.count("\r")
        except UnicodeDecodeError as fault:
            good = fault.object[: fault.start].decode(encoding, "ignore")
            lines += good.count("\n") or good.count("\r")
            place = offset - len(fault.object) + fault.start
            other = "utf-16" if _begins_as_utf_16(file) else "windows-1252 or latin-1"
            return PluginFault(
                f"{file.shown}, line {lines:,}, is not {name} (byte {place}); say what it is by the reader option"
                f" `encoding`, perhaps {other}"
            )
        except UnicodeError:
            break
    return PluginFault(
        f"{file.shown} does not begin with the byte order mark of {name}; write the reader option `encoding` as"
        f" {encoding}-le or {encoding}-be"
    )
