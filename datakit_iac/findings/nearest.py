"""What a mistyped name was probably meant for."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint with the known name that is closest to a mistyped one; a list of all where none is close."""
    names = sorted(known)
    if found := closest(name, names):
        return f"did you mean {found!r}?"
    return f"known: {', '.join(names)}" if names else "there is none yet"


def closest(name: str, known: Iterable[str]) -> str:
    """The known name that a mistyped one is probably meant for; empty where none is close."""
    import difflib  # late: most projects are right

    return next(iter(difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.6)), "")
