"""People as addresses, compared so that one person written in two ways counts once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from email.utils import parseaddr
from typing import Final

_ADDRESS: Final = re.compile(r'[^\s@<>()\[\],;:\\"*?!]+@[^\s@<>()\[\],;:\\"*?!]+')
_NAME: Final = re.compile(r"[^\s,*?!]+")


def person(words: str) -> str:
    r"""An address or name as it is compared: without letter case, display name, blanks and invisible characters.

    >>> person("Ann Lee <Ann@Example.com> ") == person("ann@example\u200b.com")
    True
    """
    plain = "".join(each for each in unicodedata.normalize("NFC", words) if not _is_invisible(each)).strip()
    return unicodedata.normalize("NFC", (_addressed(plain) or plain).casefold())


def address(words: str) -> str:
    """The address that somebody gives, with or without a display name, as it is compared; empty where it is none.

    >>> address("Ann Lee <Ann@example.com>"), address("Ann Lee")
    ('ann@example.com', '')
    """
    given = words.strip()
    return person(given) if given.isprintable() and _addressed(given) else ""


def is_name(words: str) -> bool:
    """Whether one person may be called that in a list of signers: printable, no blank, and no pattern."""
    return words.isprintable() and bool(_NAME.fullmatch(words))


def is_listed(name: str, principals: Collection[str]) -> bool:
    """Whether one of the names and patterns of a list of signers (ssh_config(5), PATTERNS) may mean a person.

    A negated pattern counts as if it were not: what it takes away is not seen here.
    """
    return any(re.fullmatch(_expression(person(each.lstrip("!"))), person(name)) for each in principals)


def are_one(some: Collection[str], others: Collection[str]) -> bool:
    """Whether two keys may be one person's, by the names and patterns that each is listed for."""
    return any(is_listed(each, others) for each in some) or any(is_listed(each, some) for each in others)


def _addressed(words: str) -> str:
    """The address in the words; empty where they are anything else, or more."""
    found = parseaddr(words)[1]
    is_all = words == found or words.endswith(f"<{found}>")
    return found if is_all and _ADDRESS.fullmatch(found) else ""


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character) in ("Cf", "Cc")


def _expression(pattern: str) -> str:
    return "".join({"*": ".*", "?": "."}.get(each) or re.escape(each) for each in pattern)
