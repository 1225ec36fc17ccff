"""Connections checked by what their Connector says of them, and for secrets in clear."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from datakit_iac.findings.fault import Fault
from datakit_iac.findings.finding import Finding
from datakit_iac.findings.nearest import nearest
from datakit_iac.findings.origin import Origin
from datakit_iac.findings.sensitive import literals, plain_key
from datakit_iac.manifest.project import Project
from datakit_iac.manifest.values.secret import quoted

if TYPE_CHECKING:  # a kind's model is imported when a manifest of it is read
    from datakit_iac.manifest.models.connector import ConnectionField, Connector
    from datakit_iac.manifest.models.environment import Bound
    from datakit_iac.manifest.models.store import Store


def in_holder(fault: Fault) -> Fault:
    """A fault of a connection, in what holds the connection beside its secrets."""
    return fault if fault.path[:1] == ("secrets",) else fault.below("connection")


def faults(fields: Sequence[ConnectionField], options: Mapping[str, Any], secrets: Collection[str]) -> list[Fault]:
    """What is wrong with a connection; the path of a fault begins at it, or at ``secrets`` beside it.

    >>> from datakit_iac.manifest.models.connector import ConnectionField
    >>> host = ConnectionField(field="host", type="string")
    >>> [fault.message for fault in faults([host], {"hots": "x"}, [])]
    ["unknown option 'hots' of this Connector", 'the option `host` is required']

    Args:
        fields: those of the Connector; none where it does not say, and then anything may be given.
        options: what is not secret.
        secrets: the names of what is.
    """
    known = {each.field: each for each in fields}
    found = [fault for name, value in options.items() for fault in _of_option(known, name, value)]
    if known:
        strange = [name for name in secrets if name not in known]
        found += [_unknown("secret", ("secrets", name), plain_key(name), known) for name in strange]
        given = {*options, *secrets}
        found += [_missing(each) for each in fields if each.required and each.field not in given]
    return found


def _of_option(known: Mapping[str, ConnectionField], name: str, value: object) -> Iterator[Fault]:
    field = known.get(name)
    if field and field.secret:
        yield _literal((name,))
    elif in_clear := list(literals(value, (name,))):
        yield from map(_literal, in_clear)
    elif known and field is None:
        yield _unknown("option", (name,), name, known)
    elif field and not field.fits(value):
        yield Fault("invalid-value", (name,), f"{name} is {quoted(name, value)}; expected its type, {field.type}")


def _literal(path: tuple[str | int, ...]) -> Fault:
    name = next(step for step in reversed(path) if isinstance(step, str))
    message = f"{name} is a secret; do not write its value in a manifest; reference it under `secrets`"
    hint = f"secrets: {{{name}: ${{{name.upper().replace('-', '_').replace('.', '_')}}}}}"
    return Fault("literal-secret", path, message, hint)


def _unknown(word: str, path: tuple[str, ...], name: str, known: Collection[str]) -> Fault:
    return Fault("unknown-field", path, f"unknown {word} {name!r} of this Connector", nearest(name, known))


def _missing(field: ConnectionField) -> Fault:
    path = ("secrets", field.field) if field.secret else (field.field,)
    word = "secret" if field.secret else "option"
    hint = f"secrets: {{{field.field}: ${{…}}}}" if field.secret else field.description
    return Fault("missing-field", path, f"the {word} `{field.field}` is required", hint)


def connections(project: Project) -> Iterator[Finding]:
    """What is wrong with Stores' connections whatever the environment; what one may still add is not missing."""
    bound: dict[str, list[tuple[Origin, Bound]]] = {}
    for environment in project.environments.values():
        for each in environment.bound():
            bound.setdefault(each.name, []).append((project.origin(environment), each))
    for store in project.stores.values():
        connector = _connector(project, store)
        bindings = bound.get(store.name, ())
        fields = connector.spec.connection_schema if connector else ()
        origin, about = project.origin(store), f"Store {store.name}"
        for fault in faults(fields, store.spec.connection, store.spec.secrets):
            where = in_holder(fault).below("spec")
            if fault.code != "missing-field":
                yield origin.of(where, about)
            elif not bindings:
                yield origin.of(where._replace(path=where.path[:2]), about)
        for place, each in bindings:
            is_same = connector is not None and each.binding.type in (None, connector.spec.type)
            options, secrets = each.binding.connection, each.binding.secrets
            for fault in faults(fields if is_same else (), options, secrets):
                if fault.code != "missing-field":
                    yield place.of(fault.below(*each.path), about)


def _connector(project: Project, store: Store) -> Connector | None:
    """The newest version of the Store's Connector that it may be of."""
    asked, found = store.spec.connector_version, project.editions(store.spec.connector)
    fitting = (each for each in found if each.is_within(asked))
    return next(fitting, None)
