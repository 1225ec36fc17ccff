"""References to values that only the engine knows: outputs of stacks and programs, and a stack's configuration.

``${stack:acme/infra/prod#database.host}`` is an output of another stack, ``${config:databaseHost}`` a value of this
stack's configuration. In the place of an output that a program binds is ``${output:warehouse.host}``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
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
    return any(True for _ in _references(value))


def is_output(value: Any) -> bool:
    """Whether a value is, or has somewhere in it, an output of the program, which a preview may not know.

    >>> is_output(["${output:warehouse.host}"]), is_output("${config:host}")
    (True, False)
    """
    return any(each.source == "output" for each in _references(value))


def _references(value: Any) -> Iterator[Deferred]:
    if isinstance(value, str):
        yield from (Deferred(*match.groups()) for match in (IN_TEXT.finditer(value) if "${" in value else ()))
    elif isinstance(value, Mapping):
        yield from (found for each in value.values() for found in _references(each))
    elif isinstance(value, (list, tuple)):
        yield from (found for each in value for found in _references(each))
