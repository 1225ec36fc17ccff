"""Waivers: what is excused from a rule, why, and until when."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date

from datakit_iac.findings.finding import Finding
from datakit_iac.findings.location import Step
from datakit_iac.findings.origin import Origin
from datakit_iac.manifest.models.policy import Waiver
from datakit_iac.manifest.project import Project
from datakit_iac.policy.rule import Violation


@dataclass(frozen=True, slots=True)
class _Granted:
    waiver: Waiver
    origin: Origin
    path: tuple[Step, ...]


class Waivers:
    """The waivers of a project on one day; they record which of them excused something.

    Args:
        project: the policies.
        today: the day; a waiver holds up to and on the day it names.
    """

    def __init__(self, project: Project, today: date) -> None:
        self._today = today
        self._granted = [
            _Granted(waiver, project.origin(policy), ("spec", "waivers", index))
            for policy in project.policies.values()
            for index, waiver in policy.spec.numbered_waivers()
        ]
        self._by_target: dict[tuple[str, str], list[_Granted]] = {}
        for each in self._granted:
            self._by_target.setdefault((each.waiver.rule, each.waiver.target), []).append(each)
        self._met: set[tuple[str, str]] = set()

    def excuse(self, code: str, violation: Violation) -> Waiver | None:
        """The waiver that holds for a violation, if there is one."""
        key = (code, str(violation.target))
        granted = self._by_target.get(key, ())
        self._met |= {key} if granted else set()
        return next((each.waiver for each in granted if each.waiver.expires >= self._today), None)

    def findings(self, judged: Collection[str]) -> Iterator[Finding]:
        """Waivers that have expired, or that excuse nothing.

        Args:
            judged: the codes of the rules that were asked in this environment.
        """
        for each in self._granted:
            waiver = each.waiver
            if waiver.expires < self._today:
                message = f"the waiver of {waiver.rule} for {waiver.target} expired on {waiver.expires}"
                hint = f"fix {waiver.target}, or ask {waiver.owner} to renew it"
                yield each.origin.finding("expired-waiver", message, (*each.path, "expires"), hint=hint)
            elif waiver.rule in judged and (waiver.rule, waiver.target) not in self._met:
                message = f"{waiver.target} does not break {waiver.rule}, so this waiver excuses nothing"
                yield each.origin.finding("unused-waiver", message, (*each.path, "target"), hint="remove it")


def excused(waiver: Waiver) -> str:
    """What is said of a violation that a waiver holds for."""
    return f"waived until {waiver.expires} by {waiver.owner}: {waiver.reason}"
