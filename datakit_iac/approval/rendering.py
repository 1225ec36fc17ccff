"""A plan as people read it: on a terminal, and as Markdown in a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from datakit_iac.approval.plan import Operation, Plan
from datakit_iac.findings.visible import visible

_FIRST: Final = ("created", "altered", "replaced", "deleted", "run")
_PLATFORM: Final = "datakit:index:Platform"
_PROVIDER: Final = "pulumi:providers:"

_MARKUP: Final = re.compile(r"[\\`*\[\]<>|~&$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_MENTION: Final = re.compile(r"(?<!\w)@(?=\w)")


def text(plan: Plan) -> str:
    """A plan for a terminal."""
    subject, groups = plan.subject, grouped(plan.operations)
    lines = [f"Plan for {subject.environment}, stack {subject.stack} of {subject.project}"]
    lines += [f"  made       {plan.made:%Y-%m-%d %H:%M} UTC by {plan.author or 'an unknown author'}"]
    lines += [f"  {deed:<10} {_text(these)}" for deed, these in groups.items()]
    lines += [] if groups else ["  nothing would change"]
    for label, (first, *rest) in reached(plan).items():
        lines += [f"  downstream {label} → {', '.join((first, *rest))}"]
    lines += [f"  policies   {', '.join(subject.policies) or 'none looked at it'}"]
    lines += [f"  {each.severity:<10} [{each.code}] {each.message}" for each in subject.remarks]
    lines += [f"  approval   {asked(plan)}"]
    lines += [f"  follows    {plan.follows}"] if plan.follows else []
    return "\n".join(map(visible, [*lines, f"  digest     {plan.digest}"]))


def markdown(plan: Plan) -> str:
    """A plan for a pull request (GitHub Flavored Markdown)."""
    subject, groups = plan.subject, grouped(plan.operations)
    made = f"made {plan.made:%Y-%m-%d %H:%M} UTC by {_escaped(plan.author)}"
    lines = [f"### Plan for {_code(subject.environment)}", ""]
    lines += [f"Stack {_code(subject.stack)} of {_code(subject.project)}, {made}.", ""]
    rows = ((deed, _text(these)) for deed, these in groups.items())
    lines += list(_table(("What", "Which"), rows)) if groups else ["Nothing would change.", ""]
    if downstream := reached(plan):
        lines += list(
            _table(("Changed", "Downstream"), ((label, ", ".join(each)) for label, each in downstream.items()))
        )
    lines += [f"Policies that looked at it: {_escaped(', '.join(subject.policies)) or 'none'}.", ""]
    lines += [f"- {each.severity} {_code(each.code)}: {_escaped(each.message)}" for each in subject.remarks]
    lines += [""] if subject.remarks else []
    lines += [f"Approval: {_escaped(asked(plan))}.", ""]
    lines += [f"Follows: {_code(plan.follows)}", ""] if plan.follows else []
    return "\n".join([*lines, f"Digest: {_code(plan.digest)}"])


def asked(plan: Plan) -> str:
    """Whose agreement is asked for, e.g. ``multi-party, 2 of ann@x.io, ben@x.io other than the author``."""
    rule = plan.subject.approval
    if not rule.needed:
        return rule.mode
    whom = f" of {', '.join(rule.approvers)}" if rule.approvers else ""
    return f"{rule.mode}, {rule.needed}{whom} other than the author"


def grouped(operations: Iterable[Operation]) -> dict[str, list[Operation]]:
    """What would be done, by what is done; the engine's own book-keeping is left out."""
    groups: dict[str, list[Operation]] = {deed: [] for deed in _FIRST}
    for operation in operations:
        if not _is_bookkeeping(operation):
            groups.setdefault(operation.deed, []).append(operation)
    return {deed: these for deed, these in groups.items() if these}


def _is_bookkeeping(operation: Operation) -> bool:
    """Whether it is signed with the rest and not shown: a new Platform, and providers without configuration."""
    kind = operation.urn.split("::")[2].rpartition("$")[2]
    if kind.startswith(_PROVIDER):
        return operation.name.startswith("default")
    return kind == _PLATFORM and operation.op == "create"


def reached(plan: Plan) -> Mapping[str, Sequence[str]]:
    """What depends on that which would be altered or run."""
    labels = dict.fromkeys(operation.label for operation in plan.operations)
    return {label: plan.subject.downstream[label] for label in labels if label in plan.subject.downstream}


def _text(operations: Sequence[Operation]) -> str:
    return ", ".join(
        f"{each.label} ({', '.join(each.changes)})" if each.changes and each.op != "create" else each.label
        for each in operations
    )


def _table(head: tuple[str, str], rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield f"| {head[0]} | {head[1]} |"
    yield "|---|---|"
    for left, right in rows:
        yield f"| {_escaped(left)} | {_escaped(right)} |"
    yield ""


def _escaped(words: str) -> str:
    """Words that Markdown shows as they are: no emphasis, link, table, HTML, entity or formula, and no mention."""
    return _MENTION.sub("@<!-- -->", _MARKUP.sub(r"\\\g<0>", visible(words)))


def _code(word: str) -> str:
    """A word as code, within as many backticks as it takes."""
    shown = visible(word)
    ticks = "`" * (1 + max(map(len, re.findall("`+", shown)), default=0))
    return f"{ticks} {shown} {ticks}" if len(ticks) > 1 else f"`{shown}`"
