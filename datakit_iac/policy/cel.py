"""CEL (Common Expression Language) over facts.

Expressions are compiled and type-checked once. CEL ends by its design, and the library bounds it besides: nesting, and
the steps of an evaluation; regular expressions are RE2's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from decimal import Decimal
from functools import cache, lru_cache
from types import NoneType
from typing import Any, Final

from datakit_iac.findings.nearest import nearest
from datakit_iac.policy.cel_fields import spelled, undefined
from datakit_iac.policy.model import EnvironmentFacts, Scope
from datakit_iac.policy.project_facts import ProjectFacts, Subject

_SCOPES: Final[tuple[Scope, ...]] = ("dataset", "transform", "store", "connector", "project")
_LONGEST: Final = 4096


class ExpressionError(ValueError):
    """An expression is none, or comes to no answer; the text is one sentence."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression.

    Attributes:
        scope: what it looks at.
        program: the compiled form.
    """

    scope: Scope
    program: Any

    def holds(self, subject: Subject, environment: EnvironmentFacts) -> bool:
        """Whether it is true of a subject.

        Raises:
            ExpressionError: it comes to no answer, or to one that is neither true nor false.
        """
        try:
            answer = self.program.eval(data={self.scope: plain(subject), "environment": plain(environment)})
        except RuntimeError as fault:
            raise ExpressionError(f"on {subject.target}: {_message(fault)}") from fault
        value = answer.value()
        if not isinstance(value, bool):
            failed = answer.type().name() == "ERROR"
            found = _message(answer) if failed else f"it gives {answer}, expected true or false"
            raise ExpressionError(f"on {subject.target}: {found}")
        return value


@lru_cache(maxsize=256)
def compiled(text: str) -> Expression:
    """The expression of a text; the one name that it uses says what it looks at.

    Raises:
        ExpressionError: it is too long, no CEL, uses unknown names, or gives neither true nor false.
    """
    from cel_expr_python import cel

    if len(text) > _LONGEST:
        raise ExpressionError(f"the expression has {len(text)} characters; expected at most {_LONGEST}")
    faults = []
    for scope in _SCOPES:
        try:
            program = _language(scope).compile(text)
        except RuntimeError as fault:
            faults.append(_message(fault))
            continue
        if program.return_type() not in (cel.Type.BOOL, cel.Type.DYN):
            raise ExpressionError(f"the expression gives {program.return_type().name()}, expected true or false")
        if faults := list(undefined(text, scope)):
            raise ExpressionError("; ".join(faults))
        return Expression(scope, program)
    raise ExpressionError(_clearest(text, faults))


@cache
def _language(*scopes: str) -> Any:
    from cel_expr_python import cel

    return cel.NewEnv(variables=dict.fromkeys([*scopes, "environment"], cel.Type.DYN))


def _clearest(text: str, faults: list[str]) -> str:
    try:
        _language(*_SCOPES).compile(text)
    except RuntimeError as fault:
        message = _message(fault)
        if unknown := re.search(r"undeclared reference to '(\w+)", message):
            return f"{message}; {nearest(unknown[1], [*_SCOPES, 'environment'])}"
        return message
    return f"the expression looks at several of {', '.join(_SCOPES)} at once; expected one, and `environment` beside it"


_NOISE: Final = re.compile(r"^(?:[A-Z_]+: )?(?:ERROR: <input>:)?|\s*\(in container ''\)|\s*\[[A-Z_]+\]$")


def _message(fault: object) -> str:
    """The library's message in one line: position in the expression, and what is wrong there."""
    return _NOISE.sub("", str(fault).partition("\n")[0]).strip()


@cache
def _names(kind: type) -> tuple[tuple[str, str], ...]:
    """The fields of a kind of facts, and how manifests spell them; none where it is not such a kind."""
    return tuple((each.name, spelled(each.name)) for each in fields(kind)) if is_dataclass(kind) else ()


def plain(value: Any) -> Any:
    """Facts as CEL knows them: mappings with the names of manifests, a project's as lists."""
    if isinstance(value, (str, bool, NoneType)):
        return value
    if isinstance(value, ProjectFacts):
        return {f"{scope}s": [plain(each) for each in value.of(scope)] for scope in _SCOPES if scope != "project"}
    kind: Any = type(value)
    if names := _names(kind):
        return {written: plain(getattr(value, name)) for name, written in names}
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, (tuple, frozenset)):
        return [plain(each) for each in value]
    return float(value) if isinstance(value, Decimal) else value
