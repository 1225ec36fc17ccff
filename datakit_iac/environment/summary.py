"""What an environment makes of a project, as plain data to be shown and compared; secrets stay references."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from datakit_iac.environment.model import ResolvedProject, ResolvedStore
from datakit_iac.environment.versions.chosen import ChosenVersion
from datakit_iac.manifest.models.environment import Environment


def described(resolved: ResolvedProject) -> dict[str, Any]:
    """The rules that hold, and what Stores, DataSets and references come to."""
    return {
        "rules": rules(resolved.environment),
        "stores": {name: _store(store) for name, store in sorted(resolved.stores.items())},
        "datasets": {
            name: {
                "store": each.bound.store,
                **each.bound.place.model_dump(mode="json", exclude_none=True),
                **({"vars": dict(each.vars)} if each.vars else {}),
            }
            for name, each in sorted(resolved.datasets.items())
        },
        "versions": _versions(resolved.versions),
    }


def rules(environment: Environment) -> dict[str, Any]:
    """The rules of an environment, those that it does not name with what holds then."""
    spec = environment.spec
    plain = spec.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"bindings", "connectors"})
    allowed = spec.connectors
    return {
        "connectors": "all" if allowed is None else [f"{each.name} {each.version}".rstrip() for each in allowed],
        **plain,
        "approval": {**plain["approval"], "required": spec.approval.needed},
    }


class Difference(NamedTuple):
    """A value that two environments do not share; None where one has none."""

    path: str
    one: Any
    other: Any


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[Difference]:
    """What differs between two descriptions, by path.

    >>> differences({"stores": {"a": {"path": "x"}}}, {"stores": {"a": {"path": "y"}}})
    [Difference(path='stores.a.path', one='x', other='y')]
    """
    left, right = dict(_leaves(one)), dict(_leaves(other))
    return [
        Difference(path, left.get(path), right.get(path))
        for path in dict.fromkeys([*left, *right])
        if left.get(path) != right.get(path)
    ]


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _leaves(each, f"{path}.{key}" if path else str(key))
    else:
        yield path, value


def _store(store: ResolvedStore) -> dict[str, Any]:
    return {
        "connector": store.connector,
        **({"version": store.version} if store.version else {}),
        "technology": store.connection.technology,
        "connection": dict(store.connection.options),
        **({"secrets": dict(store.secrets)} if store.secrets else {}),
        **({"create": store.create} if store.create is not None else {}),
        **({"vars": dict(store.vars)} if store.vars else {}),
        **({} if store.is_installed else {"installed": False}),
    }


def _versions(chosen: tuple[ChosenVersion, ...]) -> dict[str, Any]:
    """By who refers, then by what is referred to."""
    found: dict[str, Any] = {}
    for each in chosen:
        by = found.setdefault(f"{each.manifest.kind.lower()}/{each.manifest.name}", {})
        by[f"{each.kind} {each.name}"] = {
            "version": each.version or None,
            "asked": each.constraint or None,
            "exact": each.is_exact,
        }
    return dict(sorted(found.items()))
