"""Colour, where someone looks: on a terminal, and never where NO_COLOR is set."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final, Literal, TextIO

Style = Literal["bold", "dim", "red", "green", "yellow"]
Paint = Callable[[str, Style], str]
"""Makes a text look like a style, or leaves it as it is."""

_CODES: Final[dict[Style, str]] = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}


def has_colour(stream: TextIO) -> bool:
    """Whether a stream shows colour, and its reader wants it (https://no-color.org)."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and stream.isatty()


def paint(stream: TextIO) -> Paint:
    """How texts are painted on a stream."""
    return _painted if has_colour(stream) else _plain


def _painted(text: str, style: Style) -> str:
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m"


def _plain(text: str, style: Style) -> str:
    return text
