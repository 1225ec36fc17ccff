"""Text of plans, manifests and data as it is printed: what a reader would not see, or a terminal would obey, is shown.

Every place that prints such text passes it through `visible`: findings, plans, listings, the provider's messages.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_LETTERS: Final = re.compile(r"[^ -~]")
_BLANK: Final = (
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Letters and marks, by their category, that nothing is seen of."""

_JOINER, _AS_EMOJI = "\u200d", "\ufe0f"
_COMMAND: Final = re.compile(r"^( *):(?=:[A-Za-z])|#(?=#(?:\[|vso\[|teamcity\[))")
"""What the logs of GitHub (its runner's `ActionCommand`), Azure and TeamCity take for an order to them."""


def visible(text: str, *, lines: bool = False) -> str:
    r"""A text in which everything is seen, in one line unless it may have several.

    Control, format and bidirectional characters, blanks other than the space, and letters that nothing is seen of are
    written as Python writes them; so is what a build's log would take for a command. All other letters stay.

    >>> print(visible("users\u202e \x1b[2K ä漢🙂\nforged"), visible("##[add-mask]a"))
    users\u202e \x1b[2K ä漢🙂\nforged \x23#[add-mask]a

    Args:
        text: from a plan, a manifest, data, or a tool that read them.
        lines: whether it may have several lines; their ends and tabs stay.
    """
    if lines:
        return "\n".join(visible(line.removesuffix("\r").expandtabs()) for line in text.split("\n"))
    seen = _LETTERS.sub(_seen, text)
    return _COMMAND.sub(lambda found: f"{found[1] or ''}\\x{ord(found[0][-1]):02x}", seen)


def _seen(found: re.Match[str]) -> str:
    letter = found[0]
    is_seen = letter.isprintable() and not re.match(_BLANK, letter)
    return letter if is_seen or _is_of_emoji(found) else letter.encode("unicode_escape").decode()


def _is_of_emoji(found: re.Match[str]) -> bool:
    """Whether a letter that is not seen itself holds the parts of an emoji together."""
    before, after = found.string[: found.start()][-1:], found.string[found.end() :][:1]
    if found[0] == _AS_EMOJI:
        return _category(before) in ("So", "Sm")
    is_between = (before == _AS_EMOJI or _category(before) in ("So", "Sk")) and _category(after) == "So"
    return found[0] == _JOINER and is_between


def _category(letter: str) -> str:
    return unicodedata.category(letter) if letter else ""
