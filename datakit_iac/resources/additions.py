"""What a program adds to a project of manifests: functions, DataSets that are declared in Python, and manifests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from datakit_iac.findings.origin import Origin
from datakit_iac.functions.declaration import Declared, declaration
from datakit_iac.manifest.loading import modules
from datakit_iac.manifest.models.document import API_VERSION
from datakit_iac.resources.values import kind_of

Further = Callable[..., Any] | Declared | Mapping[str, Any]
"""A function of `@transform`, a DataSet that `dataset` declares, or a manifest as a mapping."""

_KINDS = ("DataSet", "DataSetGroup", "Transform")


def fault(given: object) -> str:
    """Why something cannot be added; nothing where it can."""
    if isinstance(given, Mapping):
        kind = given.get("kind")
        return "" if kind in _KINDS else f"the kind is {kind!r}; expected one of {', '.join(_KINDS)}"
    found = declaration(given)
    if found is None:
        return f"expected a function of @transform, a DataSet of dataset(…), or a manifest; found {kind_of(given)}"
    if found.kind == "Transform" and getattr(given, "__module__", "") == "__main__":
        return f"{found.name} is defined in the program itself, which no job imports; define it in a module beside it"
    return ""


def documents(resources: Sequence[Further], root: Path, place: str) -> list[tuple[Origin, Mapping[str, Any]]]:
    """What is added, as documents.

    Args:
        resources: what a program gives.
        root: the folder of the manifests.
        place: where the program gives it, ``file:line``.
    """
    file, _, line = place.rpartition(":")

    def each() -> Iterator[tuple[Origin, Mapping[str, Any]]]:
        for number, given in enumerate(resources):
            if isinstance(given, Mapping):
                yield Origin(file, number, int(line)), {"apiVersion": API_VERSION, **given}
            elif found := declaration(given):
                yield from modules.documents([found], root)

    return [*each()]
