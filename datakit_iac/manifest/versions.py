"""Version ranges of connectors and references."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet

_SHORTHAND: Final = re.compile(r"^([\^~]?)\s*v?(\d+)(?:\.(\d+))?(?:\.(\d+))?$")


def satisfies(version: str, constraint: str) -> bool:
    """Whether a version lies in a range: ``1.4.2``, ``^1.4``, ``~1.4.0`` or comparisons such as ``>=1.4,<2``.

    >>> satisfies("1.9.0", "^1.4.0"), satisfies("2.0.0", "^1.4.0"), satisfies("0.4.9", "^0.4.1")
    (True, False, True)

    Raises:
        ValueError: the constraint has none of these forms.
    """
    from packaging.version import Version  # late: most projects have no range

    return Version(version) in _specifiers(constraint)


@lru_cache(maxsize=256)
def _specifiers(constraint: str) -> SpecifierSet:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    shorthand = _SHORTHAND.match(constraint.strip())
    try:
        if shorthand is None:
            return SpecifierSet(constraint)
    except InvalidSpecifier as fault:
        raise ValueError(f"{constraint!r} is no version range; expected e.g. 1.4.2, ^1.4 or >=1.4,<2") from fault
    sign, major, minor, patch = shorthand.groups()
    if not sign:
        return SpecifierSet(f"=={constraint}" if patch else f"=={constraint}.*")
    release = [int(major), int(minor or 0), int(patch or 0)]
    # npm's reading: ^ keeps the leftmost number that is not zero, ~ keeps major and minor.
    given = sum(part is not None for part in (major, minor, patch))
    leftmost = next((place for place, number in enumerate(release) if number), given - 1)
    kept = leftmost if sign == "^" else (1 if minor else 0)
    upper = [*release[:kept], release[kept] + 1]
    return SpecifierSet(f">={'.'.join(map(str, release))},<{'.'.join(map(str, upper))}")
