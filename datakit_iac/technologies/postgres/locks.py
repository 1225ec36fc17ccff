"""What a change of a table keeps others from, and how long.

Source: https://www.postgresql.org/docs/current/sql-altertable.html,
https://www.postgresql.org/docs/current/explicit-locking.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from datakit_iac.technologies.evolution import Change, Kind

_ALL: Final = "`ACCESS EXCLUSIVE`"
_REWRITTEN: Final = f"{_ALL} while all rows are rewritten"
_LOCKS: Final[Mapping[Kind, str]] = {
    "widen": _REWRITTEN,
    "narrow": _REWRITTEN,
    "require": f"{_ALL} while all rows are read",
    "add-key": f"{_ALL} while all rows are read",
    "reorder": f"`SHARE ROW EXCLUSIVE` while all rows are read, then {_ALL} for a moment",
    "describe": "`SHARE UPDATE EXCLUSIVE` for a moment",
}


def lock(change: Change) -> str:
    """The locks of a change; a longer text, or one without a limit, takes no other room."""
    before, after = change.before, change.after
    if change.kind == "widen" and before and after and before.type.name == after.type.name == "string":
        return f"{_ALL} for a moment"
    return _LOCKS.get(change.kind, f"{_ALL} for a moment")
