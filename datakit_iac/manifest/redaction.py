"""Secrets taken out of text, in every form in which a tool may repeat them.

Whatever prints what it has not made itself (a driver's error, a tool's output) goes through `Redaction`.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

from datakit_iac.findings.sensitive import REDACTED, gives_away, passwords
from datakit_iac.manifest.values.secret import Secret

SHORTEST: Final = 3
"""A value of one or two characters is not hidden: it would be in every word, and it can be guessed."""

_SHORTEST_BASE64: Final = 4
_ESCAPED: Final = {"\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f"}
_IN_SHELLS: Final = "'\"'\"'"
_ENTITIES: Final = {"&": "amp|#38", "<": "lt|#60", ">": "gt|#62", '"': "quot|#34", "'": "apos|#39|#x27"}


class Redaction:
    r"""Hides values in texts: as they are, escaped, percent-encoded, in base64 and hexadecimal, and line by line.

    >>> hide = Redaction(["p@ss/wörd"])
    >>> hide("no p@ss/wörd, p%40ss%2fw%C3%B6rd, p@ss/w\u00f6rd nor YW5uOnBAc3Mvd8O2cmQ=")
    'no [secret], [secret], [secret] nor YW5uO[secret]'

    Args:
        values: the secrets; those shorter than `SHORTEST` are left alone.
    """

    def __init__(self, values: Iterable[str]) -> None:
        parts = {part for value in values for part in _parts(value) if len(part) >= SHORTEST}
        self._patterns = [_pattern(part) for part in sorted(parts)]

    def __call__(self, text: str) -> str:
        """The text without the values."""
        spans = sorted(found.span(1) for pattern in self._patterns for found in pattern.finditer(text))
        shown, end = [], 0
        for first, last in spans:
            # Where two overlap, no end of either is left.
            if first >= end:
                shown += [text[end:first], REDACTED]
            end = max(end, last)
        return "".join([*shown, text[end:]])


def secrets_in(value: object, name: str = "") -> Iterator[str]:
    """Every secret of plain data: what is a `Secret`, and what is one by its name or its form.

    >>> sorted(secrets_in({"token": Secret({"id": "a1"}), "options": {"password": "b2"}, "path": "c3"}))
    ['a1', 'b2']
    """
    match value:
        case Secret():
            yield from _leaves(value.content)
        case Mapping():
            for key, each in value.items():
                yield from secrets_in(each, str(key))
        case list() | tuple():
            for each in value:
                yield from secrets_in(each, name)
        case str() if found := passwords(value):
            yield from (*found, *map(unquote, found))
        case _ if gives_away(name, value):
            yield str(value)


def _leaves(value: object) -> Iterator[str]:
    match value:
        case Mapping():
            for each in value.values():
                yield from _leaves(each)
        case list() | tuple():
            for each in value:
                yield from _leaves(each)
        case str() | int() | float() if not isinstance(value, bool):
            yield str(value)


def _parts(value: str) -> Iterator[str]:
    """A value, and each of its lines: tools print several one by one, indented."""
    yield from (value, value.strip())
    yield from map(str.strip, value.splitlines())


@lru_cache(maxsize=256)
def _pattern(value: str) -> re.Pattern[str]:
    """What finds a value, at every place where it begins: those that begin within another are found too."""
    return re.compile(f"(?=({'|'.join(_forms(value))}))")


def _forms(value: str) -> Iterator[str]:
    yield "".join(map(_letter, value))
    content = value.encode("utf-8", "surrogateescape")
    yield f"(?i:{content.hex()})"
    yield from _base64(content)
    if (escaped := json.dumps(value, ensure_ascii=False)[1:-1]) != value:
        yield from _base64(escaped.encode("utf-8", "surrogateescape"))


def _letter(letter: str) -> str:
    """One letter as it is or in any escape: of URLs (in forms, and twice over), JSON, Python, shells, SQL, HTML."""
    if letter.isascii() and letter.isalnum():
        return letter  # nothing escapes these
    content = letter.encode("utf-8", "surrogateescape")
    forms = ["".join(f"%(?:25)*{byte:02x}" for byte in content)]
    units = letter.encode("utf-16-be", "surrogatepass")
    forms.append("".join(rf"\\+u{units[place : place + 2].hex()}" for place in range(0, len(units), 2)))
    forms.append("".join(rf"\\+x{byte:02x}" for byte in content))
    forms.append(rf"\\+U{ord(letter):08x}")
    if ord(letter) < 256:
        forms.append(rf"\\+x{ord(letter):02x}")
    if letter == " ":
        forms.append(r"\+")
    if letter in _ESCAPED:
        forms.append(rf"\\+{_ESCAPED[letter]}")
    if letter in _ENTITIES:
        forms.append(f"&(?:{_ENTITIES[letter]});")
    plain = re.escape(letter)
    # Longer first: of a letter that is escaped by itself no half may be left.
    quoted = [] if letter.isalnum() else [rf"\\+{plain}"]
    if letter in "'\"\\":
        quoted.insert(0, plain + plain)
    if letter == "'":
        quoted.insert(0, _IN_SHELLS)
    return f"(?:(?i:{'|'.join(forms)})|{'|'.join([*quoted, plain])})"


def _base64(content: bytes) -> Iterator[str]:
    """A value in base64, also within a longer one (`user:password`), where it may begin at any of three bits.

    The letters at the ends hold bits of it too, and of what is beside it.
    """
    for before in range(3):
        text = base64.b64encode(b"\0" * before + content).decode().rstrip("=")
        first, last = (before * 8 + 5) // 6, (before + len(content)) * 8 // 6
        core = text[first:last]
        if len(core) >= _SHORTEST_BASE64:
            either = core.replace("+", "[+-]").replace("/", "[/_]")
            begun, ended = ("[\\w+/-]" if before else ""), "[\\w+/-]?={0,2}" if (before + len(content)) % 3 else ""
            yield f"{begun}{either}{ended}"
