"""What roles may do with a table, in the words of a connection's `grants`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

PRIVILEGES: Final[Mapping[str, tuple[str, ...]]] = {
    "none": (),
    "read": ("SELECT",),
    "write": ("SELECT", "INSERT", "UPDATE", "DELETE"),
}
"""What each word grants."""


def found(wanted: Collection[str], granted: Mapping[str, Collection[str]]) -> dict[str, str]:
    """What each role that is named may do: a word of `grants`, or the privileges where none says them.

    >>> found(["ann", "bob", "cid"], {"ann": ["SELECT"], "bob": ["SELECT", "DELETE"], "dan": ["SELECT"]})
    {'ann': 'read', 'bob': 'DELETE, SELECT', 'cid': 'none'}

    Args:
        wanted: the roles.
        granted: the privileges of each role that has any.
    """
    words = {frozenset(privileges): word for word, privileges in PRIVILEGES.items()}
    held = {role: frozenset(granted.get(role, ())) for role in wanted}
    return {role: words.get(each, ", ".join(sorted(each))) for role, each in held.items()}
