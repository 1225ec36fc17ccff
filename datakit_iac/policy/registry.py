"""The installed rules: ours, and those of other packages in the entry-point group ``datakit.rules``."""

from __future__ import annotations

from functools import cache
from typing import Final

from datakit_iac import installed
from datakit_iac.findings.nearest import nearest
from datakit_iac.policy.rule import Rule
from datakit_iac.policy.rules import BUILT_IN

GROUP: Final = "datakit.rules"
_OURS: Final = {rule.name: rule for rule in BUILT_IN}


class UnknownRuleError(LookupError):
    """There is no such rule.

    Attributes:
        hint: the nearest name.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        self.hint = hint
        super().__init__(message)


def names() -> tuple[str, ...]:
    """The names of all rules."""
    return tuple(sorted({*_OURS, *installed.names(GROUP)}))


@cache
def find(name: str) -> Rule:
    """The rule of a name; a package that provides rules is imported only here.

    Raises:
        UnknownRuleError: there is none, or what is installed under the name is not a rule or cannot be imported.
    """
    if name in _OURS:
        return _OURS[name]
    for point in installed.points(GROUP, name):
        try:
            found = point.load()
        except Exception as fault:  # code of another package
            raise UnknownRuleError(f"the rule {name!r} ({point.value}) cannot be imported: {fault}") from fault
        if not isinstance(found, Rule):
            raise UnknownRuleError(f"{point.value}, installed as the rule {name!r}, is not a Rule")
        return found
    raise UnknownRuleError(f"unknown rule {name!r}", nearest(name, names()))
