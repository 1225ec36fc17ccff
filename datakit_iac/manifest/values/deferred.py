"""References to values that only the engine knows: outputs of stacks and programs, and a stack's configuration.

``${stack:acme/infra/prod#database.host}`` is an output of another stack, ``${config:databaseHost}`` a value of this
stack's configuration. In the place of an output that a program binds is ``${output:warehouse.host}``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

IN_TEXT: Final = re.compile(r"\$\{(stack|config|output):([^{}\s]+)\}")


class Deferred(NamedTuple):
    """One reference.

    Attributes:
        source: ``stack``, ``config`` or ``output``.
        name: what is asked of it.
    """

    source: str
    name: str


def whole(text: str) -> Deferred | None:
    """The reference that a text is; None where it is something else, or has more in it.

    >>> whole("${config:host}")
    Deferred(source='config', name='host')
    """
    match = IN_TEXT.fullmatch(text)
    return Deferred(*match.groups()) if match else None


def fault(text: str) -> str:
    """What is wrong with the reference that a text is; empty where nothing is.

    >>> fault("${stack:infra}")
    '`${stack:infra}` names no output; write ${stack:ORGANIZATION/PROJECT/STACK#OUTPUT}'
    """
    for source, name in IN_TEXT.findall(text):
        stack, _, output = name.partition("#")
        if source == "stack" and not (stack and output):
            return f"`${{{source}:{name}}}` names no output; write ${{stack:ORGANIZATION/PROJECT/STACK#OUTPUT}}"
    return ""


def is_deferred(value: Any) -> bool:
    """Whether a value is, or has somewhere in it, what only the engine knows.

    >>> is_deferred({"hosts": ["${stack:acme/infra/prod#host}:5432"]}), is_deferred("${HOST}")
    (True, False)
    """
    return bool(sources(value))


def sources(value: Any) -> frozenset[str]:
    """Where the references in a value take theirs from.

    >>> sorted(sources({"host": "${output:warehouse.host}", "ports": ["${config:port}"]})), sources("${HOST}")
    (['config', 'output'], frozenset())
    """
    if isinstance(value, str):
        return frozenset(source for source, _ in IN_TEXT.findall(value)) if "${" in value else frozenset()
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, (list, tuple)) else ()
    return frozenset().union(*map(sources, parts))
