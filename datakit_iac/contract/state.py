"""The format in which a state keeps the inputs of resources: its version, and the way from each earlier one.

The version is an input beside the others, since it is old inputs that an engine shows at each operation. A name that
begins with two underscores is internal: neither programs nor people see it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, get_args

from datakit_iac.manifest.models.column import Masking

VERSION: Final = "__format"
"""The input that tells it; a state without it has the first format."""

Inputs = Mapping[str, Any]


class NewerStateError(Exception):
    """A later release wrote the state; what it says cannot be determined here."""


def versioned(inputs: Inputs) -> dict[str, Any]:
    """Inputs as a state keeps them."""
    return {**inputs, VERSION: len(_STEPS)}


def current(inputs: Inputs) -> dict[str, Any]:
    """Inputs of a state in the format of today, without its version.

    >>> current({"schema": [{"name": "email", "type": "string", "masking": "sha256"}]})
    {'schema': [{'name': 'email', 'type': 'string'}]}

    Raises:
        NewerStateError: the format is none of those that there are.
    """
    version = inputs.get(VERSION, 0)
    if version not in range(len(_STEPS) + 1):
        raise NewerStateError(
            f"the state has format {version}, and this release of datakit knows those up to {len(_STEPS)}: install the"
            " release that wrote it, or a later one"
        )
    made = {name: value for name, value in inputs.items() if name != VERSION}
    for step in _STEPS[version:]:
        made = step(made)
    return made


def _first(inputs: dict[str, Any]) -> dict[str, Any]:
    """Masking was said in words that are not known any more; the context of a Run was a list of contracts."""
    made = _contract(inputs)
    for name in ("inputs", "outputs"):
        if isinstance(made.get(name), list):
            made[name] = [_contract(each) if isinstance(each, Mapping) else each for each in made[name]]
    return {name: value for name, value in made.items() if name != "context" or isinstance(value, Mapping)}


def _contract(inputs: Inputs) -> dict[str, Any]:
    schema = inputs.get("schema")
    return {**inputs, "schema": _columns(schema)} if isinstance(schema, list) else {**inputs}


def _columns(schema: Iterable[Any]) -> list[Any]:
    return [
        {name: value for name, value in each.items() if name != "masking" or value in get_args(Masking)}
        if isinstance(each, Mapping)
        else each
        for each in schema
    ]


def _second(inputs: dict[str, Any]) -> dict[str, Any]:
    """Secrets were with each DataSet, and count there still; now they may be with the provider alone."""
    return inputs


_STEPS: Final[tuple[Callable[[dict[str, Any]], dict[str, Any]], ...]] = (_first, _second)
"""The way from each format to the next; their number is today's version."""
