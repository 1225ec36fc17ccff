"""Values that are known when the program runs, and those that are known later: outputs of other resources."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import pulumi

T = TypeVar("T")


def is_later(value: object) -> bool:
    """Whether a value is an output, or something to wait for."""
    return isinstance(value, pulumi.Output) or inspect.isawaitable(value)


def has_later(value: object) -> bool:
    """Whether a value is, or holds, one that is known later."""
    if isinstance(value, Mapping):
        return any(map(has_later, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(has_later, value))
    return is_later(value)


def when_known(value: Any, function: Callable[[Any], Any]) -> Any:
    """What a function makes of a value: at once where all of it is known, else an output.

    A preview in which part of the value is unknown does not call the function; what it makes is unknown, too.

    Args:
        value: plain data, perhaps with outputs in it.
        function: is given the value without outputs.
    """
    return pulumi.Output.from_input(value).apply(function) if has_later(value) else function(value)


def said(value: T) -> T | None:
    """A value that says something; None in place of an empty text, list or mapping, and of false."""
    return None if isinstance(value, (str, list, tuple, Mapping, bool)) and not value else value


def shown(value: Any) -> Any:
    """A value made of secrets that reveals none of them, such as a digest, marked as not secret."""
    return pulumi.Output.unsecret(value) if is_later(value) else value


def unknown() -> pulumi.Output[Any]:
    """An output that only the update will know."""
    return pulumi.Output(set(), _ready(None), _ready(False))


async def _ready(value: T) -> T:
    return value
