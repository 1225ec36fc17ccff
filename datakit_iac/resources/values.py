"""What the values of a program are, in the words of messages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pulumi

from datakit_iac.contract.faults import Foreign, Path
from datakit_iac.manifest.wording import found


def is_list(value: object) -> bool:
    """Whether a value is a list, or an iterable that makes one."""
    return isinstance(value, Iterable) and not isinstance(value, (str, bytes, Mapping, pulumi.Output))


def ordered(values: Iterable[Any]) -> list[Any]:
    """As a list, the same at each run of the program."""
    return sorted(values, key=str) if isinstance(values, (set, frozenset)) else list(values)


def kind_of(value: object) -> str:
    """What a value is, in a word; plain ones as manifests write them."""
    if isinstance(value, (bool, int, float, str, Mapping, list, tuple, type(None))):
        return found(value)
    name = type(value).__name__
    return f"a{'n' if name[0] in 'AEIOUaeiou' else ''} {name}"


def foreign(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """The values of unsupported types, by their paths."""
    match value:
        case Foreign():
            yield path, value.kind
        case Mapping():
            for key, each in value.items():
                yield from foreign(each, (*path, key))
        case list():
            for index, each in enumerate(value):
                yield from foreign(each, (*path, index))
