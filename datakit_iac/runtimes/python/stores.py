"""How the rows of a function come from its Stores and go to one: by the plugins of the technologies, in its process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from datakit_iac import installed
from datakit_iac.cloudquery_plugins.adapters import (
    DESTINATIONS,
    SOURCES,
    Destination,
    Opens,
    Pair,
    Refuses,
    SignsIn,
    Source,
    Sync,
)
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.manifest.values.write_mode import OVERWRITE
from datakit_iac.technologies.technology import address, technology

READERS: Final = "datakit.functions.readers"
"""Of the technologies that functions read otherwise than CloudQuery does."""


def reader(kind: str) -> Source | None:
    """What reads a technology within a process; None where nothing does."""
    found: Source | None = _opening(kind, READERS, SOURCES)
    return found


def writer(kind: str) -> Destination | None:
    """What writes to a technology within a process; None where nothing does."""
    found: Destination | None = _opening(kind, DESTINATIONS)
    return found


def reading(dataset: BoundDataSet, parameter: str) -> Sync:
    """What is read for a parameter: all columns that the contract declares."""
    return Sync((Pair(dataset, replace(dataset, place=Place(table=parameter))),), "")


def writing(outputs: Sequence[BoundDataSet], mode: str, transform: str, run: str) -> Sync:
    """What is written, as a destination is given it; the rows are the function's, whatever its inputs are."""
    return Sync(tuple(Pair(each, each) for each in outputs), mode, transform, run)


def faults(inputs: Sequence[BoundDataSet], outputs: Sequence[BoundDataSet], mode: str) -> Iterator[str]:
    """Why a function cannot read its inputs, or cannot write its outputs; each one sentence."""
    for each in inputs:
        kind = each.connection.technology
        found = reader(kind)
        if found is None:
            known = ", ".join(name for name in _names(READERS, SOURCES) if reader(name))
            yield f"a function cannot read from {kind} (input {each.name}); it reads from {known}"
        else:
            yield from found.missing(each)
    kinds = {each.connection.technology: each for each in outputs}
    for kind, each in kinds.items():
        if writer(kind) is None:
            known = ", ".join(name for name in _names(DESTINATIONS) if writer(name))
            yield f"a function cannot write to {kind} (output {each.name}); it writes to {known}"
    places = {technology(each.connection.technology).location(each.connection) for each in outputs}
    if len(kinds) > 1 or len(places) > 1:
        stores = ", ".join(dict.fromkeys(each.store for each in outputs))
        yield f"its outputs are in several Stores ({stores}), which share no transaction; make one function for each"
        return
    home = outputs[0]
    for each in outputs[1:]:
        if technology(home.connection.technology).address(each.place, home.connection) != address(each):
            yield (
                f"the table {each.place} of {each.name} is another one in Store {home.store}, where {home.name} is:"
                " name its schema, or make one function for each"
            )
    for each in outputs if mode == OVERWRITE else ():
        if not any(column.primary_key for column in each.columns):
            yield (
                f"write mode overwrite replaces rows by their primary key, and {each.name} declares none: declare one,"
                " or write by overwrite-delete-stale or append"
            )
    if isinstance(target := writer(home.connection.technology), Refuses):
        yield from target.faults(writing(outputs, mode, "", ""))


def opens(adapter: Source | Destination) -> str:
    """What the process of a function opens with the spec of an adapter."""
    assert isinstance(adapter, Opens), "no other is chosen"
    return adapter.opens


def variables(inputs: Sequence[BoundDataSet], outputs: Sequence[BoundDataSet]) -> frozenset[str]:
    """The variables of the caller's environment by which Stores without secrets of their own are signed in to."""
    adapters: list[Any] = [reader(each.connection.technology) for each in inputs if not each.connection.secrets]
    adapters += [writer(each.connection.technology) for each in outputs if not each.connection.secrets]
    return frozenset[str]().union(*(each.variables for each in adapters if isinstance(each, SignsIn)))


def _opening(kind: str, *groups: str) -> Any:
    found = (installed.made(group, kind) for group in groups if installed.has(group, kind))
    return next((each for each in found if isinstance(each, Opens)), None)


def _names(*groups: str) -> list[str]:
    return sorted({name for group in groups for name in installed.names(group)})
