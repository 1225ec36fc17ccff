"""Version ranges of connectors and references, over semantic versions (https://semver.org, section 11)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import AfterValidator

if TYPE_CHECKING:
    from semver import Version

SEMVER: Final = (
    r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
    r"(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?"
    r"(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?$"
)
"""The expression that https://semver.org suggests."""
_VERSION: Final = re.compile(SEMVER, re.ASCII)
_COMPARISON: Final = (
    r"(?a)(?P<sign>\^|~=|~|==?=?|!=|>=|<=|>|<)?\s*v?(?P<major>\d+)(?:\.(?P<minor>\d+))?(?:\.(?P<patch>\d+))?"
    r"(?P<rest>-[0-9A-Za-z.-]+)?(?P<build>\+[0-9A-Za-z.-]+)?(?P<any>\.\*)?"
)
_ENDS: Final = r"(\S+)\s+-\s+(\S+)"
_SPACED: Final = r"(\^|~=|~|===?|!=|>=|<=|[=<>])\s+"
_ANY: Final = r"(?:\.[xX*])+(?=[\s,]|$)"
_Bounds = tuple[tuple[str, "Version"], ...]


def semver(text: str) -> str:
    """The text itself.

    Raises:
        ValueError: it is not a semantic version.
    """
    if not _VERSION.match(text) or text.endswith("\n"):
        raise ValueError(
            f"{text!r} is not a semantic version; expected MAJOR.MINOR.PATCH, perhaps with -rc.1 or +build.5"
        )
    return text


def satisfies(version: str, constraint: str) -> bool:
    """Whether a version is in a range.

    A range is ``1.4.2``, ``^1.4``, ``~1.4.0``, ``1.x``, ``1.2 - 1.4``, comparisons such as ``>=1.4,<2``
    or ``>=1.4 <2``, or several of these with ``||`` between them.

    As npm has it, a pre-release is in a range only where the range names one of the same three numbers. A version
    that is named with its build is that build; in order, builds do not count (https://semver.org, section 10).

    >>> satisfies("1.9.0", "^1.4.0"), satisfies("2.0.0", "^1.4.0"), satisfies("0.4.9", "^0.4.1")
    (True, False, True)
    >>> satisfies("1.4.0-rc.1", "^1.4"), satisfies("1.4.0-rc.2", ">=1.4.0-rc.1,<2")
    (False, True)
    >>> satisfies("1.4.2+build.5", "1.4.2+build.5"), satisfies("1.4.2+build.6", "1.4.2+build.5")
    (True, False)
    >>> satisfies("1.4.2+build.5", "1.4.2"), satisfies("1.4.2+build.5", ">=1.4.2+build.6")
    (True, True)

    Raises:
        ValueError: the constraint has none of these forms, or the version is none.
    """
    from semver import Version  # late: most projects have no range

    found = Version.parse(version)
    return any(_is_within(found, bounds) for bounds in _alternatives(constraint))


def _is_within(found: Version, bounds: _Bounds) -> bool:
    if found.prerelease and not any(_names(bound, found) for _, bound in bounds):
        return False
    return all(_holds(found, bound, sign) for sign, bound in bounds)


def _names(bound: Version, found: Version) -> bool:
    return bound.prerelease is not None and bound.to_tuple()[:3] == found.to_tuple()[:3]


def _holds(found: Version, bound: Version, sign: str) -> bool:
    order = found.compare(bound)
    is_it = order == 0 and bound.build in (None, found.build)
    return {"==": is_it, "!=": not is_it, ">=": order >= 0, "<=": order <= 0, ">": order > 0, "<": order < 0}[sign]


@lru_cache(maxsize=256)
def _alternatives(constraint: str) -> tuple[_Bounds, ...]:
    """A range as comparisons with whole versions; those of one alternative hold together."""
    found = []
    for alternative in constraint.split("||"):
        parts = [re.fullmatch(_COMPARISON, part) for part in _comparisons(alternative.strip())]
        if not all(parts):
            raise ValueError(
                f"{constraint!r} is not a version range; expected e.g. 1.4.2, ^1.4, 1.x, >=1.4,<2 or ^1.4 || ^2"
            )
        found.append(tuple(bound for part in parts if part for bound in _spread(part)))
    return tuple(found)


def _comparisons(text: str) -> list[str]:
    """What must hold together: separated by commas or spaces, or the two ends of ``1.2 - 1.4``."""
    if text in ("*", "x", "X"):
        return []
    if ends := re.fullmatch(_ENDS, text):
        return [f">={ends[1]}", f"<={ends[2]}"]
    text = re.sub(_ANY, ".*", re.sub(_SPACED, r"\1", text))
    return [each for part in text.split(",") for each in part.split() or [""]]


def _spread(part: re.Match[str]) -> _Bounds:
    """One comparison as comparisons with whole versions: ``^1.4`` is from 1.4.0 to below 2.0.0."""
    from semver import Version

    sign = part["sign"] or "=="
    given = [int(part[name]) for name in ("major", "minor", "patch") if part[name] is not None]
    release = [*given, 0, 0][:3]
    lower = Version.parse(".".join(map(str, release)) + (part["rest"] or "") + (part["build"] or ""))
    if sign in ("^", "~", "~=") or (sign.startswith("=") and len(given) < len(release)):
        return (">=", lower), ("<", _above(release, _kept(sign, given)))
    if len(given) < len(release) and sign in (">", "<="):  # of a whole line: >1.4 is from 1.5.0 on
        return ((">=" if sign == ">" else "<", _above(release, len(given) - 1)),)
    if len(given) < len(release) and sign == "!=":
        raise ValueError(f"{part[0]!r} is not a version range: != excludes one version, all three numbers of it")
    return (("==" if sign.startswith("=") else sign, lower),)


def _kept(sign: str, given: list[int]) -> int:
    """Which number the end of a range raises. npm's reading: ^ the leftmost that is not zero, ~ the minor."""
    match sign:
        case "^":
            return next((place for place, number in enumerate(given) if number), len(given) - 1)
        case "~":
            return min(len(given) - 1, 1)
        case "~=":
            return max(len(given) - 2, 0)
    return len(given) - 1


def _above(release: list[int], place: int) -> Version:
    from semver import Version

    raised = [*release[:place], release[place] + 1, 0, 0][:3]
    return Version(raised[0], raised[1], raised[2])


def check_range(text: str) -> str:
    """The text itself.

    Raises:
        ValueError: it is not a range.
    """
    _alternatives(text)
    return text


def _checked(text: str) -> str:
    return check_range(text) if text else ""


VersionRange = Annotated[str, AfterValidator(_checked)]
"""A range such as ``^1.4``; empty where any version will do."""
