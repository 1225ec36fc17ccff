"""How CSV files are read: the options of a Store of files, and of a DataSet in it."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from datakit_iac.manifest.wording import found as shown

_TIMES: Final = "HIMSfgnpzZ"
_DATES: Final = "aAwudbBmyYjUWGVu"
_SIGNS: Final = re.compile(r"%(-?.?)")
_DAY: Final = ({"d", "m", "y"}, {"j", "y"})
"""What a format must hold to tell a day, with one spelling for each part."""
_SAME: Final = {"-d": "d", "-m": "m", "b": "m", "B": "m", "-y": "y", "Y": "y", "-j": "j"}
_NO_TEXT: Final = ("idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem")


@dataclass(frozen=True, slots=True)
class CsvOptions:
    """How the CSV files of a place are read.

    Attributes:
        encoding: of the text, as Python names it; without: UTF-8.
        delimiter: the text between values; without: the files' first records tell.
        quote: the character around values; empty for none.
        escape: the character before a quote inside of quotes; the quote itself where it is doubled.
        header: whether the first record names the columns.
        skip: lines before it that are not data.
        comment: what a line begins with that is not data; empty where there are none.
        decimal: the sign before the fraction of a number.
        thousands: the sign between groups of digits; empty for none.
        date_format: of dates, in strptime's notation; without: ISO 8601.
        timestamp_format: of timestamps.
        nulls: texts that mean no value.
    """

    encoding: str = "utf-8"
    delimiter: str | None = None
    quote: str = '"'
    escape: str = '"'
    header: bool = True
    skip: int = 0
    comment: str = ""
    decimal: str = "."
    thousands: str = ""
    date_format: str | None = None
    timestamp_format: str | None = None
    nulls: tuple[str, ...] = ("",)

    @classmethod
    def read(cls, options: Mapping[str, Any]) -> tuple[CsvOptions, list[str]]:
        """The options that are said, and what is wrong with them; others are passed over.

        >>> CsvOptions.read({"encoding": "latin-1", "delimiter": ";", "decimal": ","})[0].encoding
        'iso8859-1'
        >>> CsvOptions.read({"skip": -1, "decimal": "comma"})[1]
        ['skip is -1; expected how many lines to leave out', "decimal is 'comma'; expected . or ,"]
        """
        told = {name: options[name] for name in OPTIONS if options.get(name) is not None}
        faults = [
            f"{name} is {shown(value)}; expected {OPTIONS[name][1]}"
            for name, value in told.items()
            if not OPTIONS[name][0](value)
        ]
        if faults:
            return cls(), faults
        quote = told.get("quote", '"')
        said = cls(
            encoding=codecs.lookup(told.get("encoding", "utf-8")).name,
            delimiter=told.get("delimiter") or None,
            quote=quote,
            escape=told.get("escape") or quote,
            header=told.get("header", True),
            skip=int(told.get("skip", 0)),
            comment=told.get("comment", ""),
            decimal=told.get("decimal", "."),
            thousands=told.get("thousands", ""),
            date_format=told.get("dateFormat"),
            timestamp_format=told.get("timestampFormat"),
            nulls=tuple(told.get("nulls") or ("",)),
        )
        return said, list(said._contradictions())

    def _contradictions(self) -> Iterator[str]:
        if self.escape and not self.quote:
            yield 'escape is allowed with a quote, and quote is ""; leave escape out'
        if self.decimal == self.thousands:
            yield f"decimal and thousands are both {shown(self.decimal)}; expected two different signs"
        signs = {"delimiter": self.delimiter, "quote": self.quote, "comment": self.comment, "escape": self.escape}
        for one, other in (
            ("quote", "delimiter"),
            ("comment", "delimiter"),
            ("comment", "quote"),
            ("escape", "delimiter"),
        ):
            if signs[one] and signs[one] == signs[other]:
                yield f"{one} and {other} are both {shown(signs[one])}; expected two different signs"


def _is_encoding(value: object) -> bool:
    try:
        found = codecs.lookup(value) if isinstance(value, str) else None
        "".encode(found.name) if found else None
    except (LookupError, ValueError, UnicodeError):
        return False
    return found is not None and found.name not in _NO_TEXT and found.incrementaldecoder is not None


def _is_delimiter(value: object) -> bool:
    return isinstance(value, str) and len(value) <= 1 and value not in ('"', "\n", "\r", "\0")


def _is_sign(value: object) -> bool:
    return isinstance(value, str) and len(value) <= 1 and value.isascii() and value not in ("\n", "\r", "\0", " ")


def _is_separator(value: object) -> bool:
    return isinstance(value, str) and len(value) <= 1 and not value.isalnum() and value not in ("+", "-")


def _signs(value: object) -> list[str] | None:
    """The parts of a date that a format names; None if it is none."""
    if not isinstance(value, str) or "\0" in value:
        return None
    signs = _SIGNS.findall(value)
    known = {"%", *_DATES, *_TIMES, "-d", "-m", "-y", "-j", "-H", "-I", "-M", "-S"}
    return [_SAME.get(sign, sign) for sign in signs] if known.issuperset(signs) else None


def _is_format(value: object) -> bool:
    signs = _signs(value)
    return signs is not None and any(day.issubset(signs) for day in _DAY)


_Test = Callable[[object], bool]
_SIGN: Final[tuple[_Test, str]] = (_is_sign, "one character, ASCII and no space, or nothing")
OPTIONS: Final[Mapping[str, tuple[_Test, str]]] = {
    "encoding": (_is_encoding, "one such as utf-8, utf-16, latin-1 or windows-1252"),
    "delimiter": (_is_delimiter, "one character, no quote and no line break"),
    "quote": _SIGN,
    "escape": _SIGN,
    "header": (lambda value: isinstance(value, bool), "true or false"),
    "skip": (
        lambda value: isinstance(value, int | float) and not isinstance(value, bool) and value >= 0 and value % 1 == 0,
        "how many lines to leave out",
    ),
    "comment": _SIGN,
    "decimal": (lambda value: value in (".", ","), ". or ,"),
    "thousands": (_is_separator, "one character that is not a letter, digit or sign, or nothing"),
    "dateFormat": (_is_format, "one with day, month and year, such as %d/%m/%Y"),
    "timestampFormat": (_is_format, "one with day, month and year, such as %d/%m/%Y %H:%M:%S"),
    "nulls": (
        lambda value: isinstance(value, list) and all(isinstance(null, str) for null in value),
        "a list of texts",
    ),
}
"""By name, what each must be."""
