"""Manifests of one name: packages contain what they depend on, so the same content counts once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from datakit_iac.findings.finding import Finding
from datakit_iac.findings.location import spelled, where
from datakit_iac.findings.origin import Origin

if TYPE_CHECKING:
    from datakit_iac.findings.location import Step
    from datakit_iac.manifest.models.connector import Connector
    from datakit_iac.manifest.models.document import Manifest

_SHOWN: Final = 5
"""The number of different fields that are named; the rest are counted."""


def differing(first: Manifest, other: Manifest) -> list[str]:
    """The fields in which two manifests of one name differ; none where they say the same."""
    return sorted({spelled(path) for path in _differing(_plain(first), _plain(other), ())})


def duplicate(manifest: Manifest, first: Origin, others: Sequence[tuple[Origin, list[str]]]) -> Finding:
    """One finding for a manifest that is in several places with different content.

    Args:
        manifest: the one that was read first.
        first: where it is.
        others: where else it is, with the fields that differ.
    """
    name = ("metadata", "name")
    fields = list(dict.fromkeys(field for _, differ in others for field in differ))
    more = f" and {len(fields) - _SHOWN} more" if len(fields) > _SHOWN else ""
    places = [where(origin.at(name)) for origin in (first, *(origin for origin, _ in others[:-1]))]
    return others[-1][0].finding(
        "duplicate-name",
        f"{manifest.kind} {manifest.name} is already declared in {' and '.join(places)}, with another "
        f"{', '.join(fields[:_SHOWN])}{more}",
        name,
        hint="give one of them another name, or all of them the same content",
    )


def of_other_kind(origin: Origin, first: Origin, manifest: Manifest) -> Finding:
    """The finding for a manifest whose name one of another kind has already."""
    return origin.finding(
        "duplicate-name",
        f"{manifest.kind} {manifest.name} is already declared in {where(first.at(('metadata', 'name')))}",
        ("metadata", "name"),
        hint="give one of them another name",
    )


def without_version(origin: Origin, connector: Connector) -> Finding:
    """The finding for one of several Connectors of a name that has no version, so that they cannot be told apart."""
    message = f"Connector {connector.name} is declared several times, and here it has no version"
    return origin.finding("duplicate-name", message, ("spec",), hint="give each of them a version")


def _plain(manifest: Manifest) -> Any:
    return manifest.model_dump(mode="json", by_alias=True)


def _differing(first: Any, other: Any, path: tuple[Step, ...]) -> Iterator[tuple[Step, ...]]:
    if isinstance(first, Mapping) and isinstance(other, Mapping):
        for key in {*first, *other}:
            yield from _differing(first.get(key), other.get(key), (*path, key))
    elif first != other:
        yield path
