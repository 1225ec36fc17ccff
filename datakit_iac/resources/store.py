"""Connector and Store as Pulumi resources."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal

import pulumi

from datakit_iac.contract import shapes
from datakit_iac.contract.connection import Connection
from datakit_iac.manifest.connections import in_holder
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.pulumi_compat import root_directory
from datakit_iac.resources.arguments import Arguments
from datakit_iac.resources.constructor import reported_together
from datakit_iac.resources.known import has_later, said, when_known
from datakit_iac.resources.parts import Later, Text, Texts, Truth
from datakit_iac.resources.store_secrets import carries
from datakit_iac.technologies.technology import StoreError, technology


class Connector(pulumi.CustomResource):
    """A technology type of the catalog: what its Stores are bound to must be installed.

    Args:
        resource_name: the Connector's name.
        technology: the technology's name, e.g. ``duckdb``.
        technologies: those that its Stores are bound to, where that is not the same; each of them must be installed.
        provider: who provides it.
        version: its version, MAJOR.MINOR.PATCH.
        protocol: the wire protocol, e.g. ``postgresql``.
        capabilities: what it can be used as: ``source``, ``destination``.
        opts: Pulumi's resource options.

    Raises:
        ValueError: a manifest would not take what is given, and no engine runs the program; under the engine, all
            that is wrong in the program is reported at its end.
    """

    @reported_together
    def __init__(
        self,
        resource_name: str,
        *,
        technology: Text,
        technologies: Texts | None = None,
        provider: Text = "datakit",
        version: Text | None = None,
        protocol: Text | None = None,
        capabilities: pulumi.Input[Sequence[Literal["source", "destination"] | Later]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        given = Arguments.of(self)
        properties = given.plain(
            shapes.Connector,
            name=resource_name,
            technology=technology,
            technologies=said(technologies),
            provider=provider,
            version=version,
            protocol=protocol,
            capabilities=capabilities,
        )
        given.judge(shapes.Connector, properties)
        several = "technologies" if technologies else "technology"
        _demand_installed(given, several, properties.get(several))
        refused = given.refused()
        right = refused or given.when_known(properties, partial(given.judge, shapes.Connector))
        sent = {"name": refused} if refused else {**properties, "name": given.named(right)}
        super().__init__("datakit:index:Connector", resource_name, sent, opts)


class Store(pulumi.CustomResource):
    """A named instance of a technology. It is reached, made where it says so, and never removed with its data.

    Args:
        resource_name: the Store's name.
        technology: the technology's name, e.g. ``duckdb``.
        connection: what is not secret; for DuckDB ``{"path": …}``.
        secrets: what is; encrypted in the state, never shown.
        create: whether it is made where it is absent; None leaves that to the technology.
        opts: Pulumi's resource options.

    Raises:
        ValueError: a manifest would not take what is given, and no engine runs the program; under the engine, all
            that is wrong in the program is reported at its end.

    Attributes:
        location: what tells this Store from others, without secrets.
    """

    location: pulumi.Output[str]

    @reported_together
    def __init__(
        self,
        resource_name: str,
        *,
        technology: Text,
        connection: pulumi.Input[Mapping[str, Any]],
        secrets: pulumi.Input[Mapping[str, Text]] | None = None,
        create: Truth | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        given = Arguments.of(self)
        properties = given.plain(
            shapes.Store,
            name=resource_name,
            technology=technology,
            connection=connection,
            secrets=said(secrets),
            create=create,
        )
        given.judge(shapes.Store, properties)
        hidden = _hidden(properties.get("secrets"))
        _demand_sound(given, properties, hidden)
        reached: dict[str, Any] = {name: properties.get(name) for name in ("technology", "connection")}
        if "secrets" in properties:
            sealed = _sealed(properties.pop("secrets"))
            if not carries(opts, resource_name):
                properties["secrets"] = reached["secrets"] = sealed
        refused = given.refused()
        #: Its connection as jobs see it, without secrets.
        self.bound: pulumi.Input[Connection] = refused or given.when_known(
            {name: value for name, value in properties.items() if name != "secrets"},
            partial(_connection, given, hidden),
        )
        sent: dict[str, Any] = {"name": refused}
        if not refused:
            sent = {**properties, "name": given.named(self.bound), "location": None}
        super().__init__("datakit:index:Store", resource_name, sent, opts)
        # The resource's own outputs, so that whatever uses them comes after it.
        self.reached: dict[str, Any] = {
            "name": resource_name,
            **reached,
            "connection": refused or when_known([self.location, reached["connection"]], lambda both: both[1]),
        }


def recorded_in(store: Any) -> dict[str, Any]:
    """The argument `history` of a resource, as the engine receives it; nothing where there is none."""
    return {} if store is None else {"history": when_known(store, lambda found: found.reached)}


def _connection(given: Arguments, hidden: Mapping[str, Secret] | None, known: Mapping[str, Any]) -> Connection | None:
    """How it is reached, once that is known; None where it is wrong."""
    store: shapes.Store | None = given.judge(shapes.Store, known)
    _demand_sound(given, known, hidden)
    return store.reached if store and not given.faults else None


def _sealed(secrets: Any) -> Any:
    """The values as secrets, those that are known only later too."""
    if isinstance(secrets, Mapping):
        return {name: pulumi.Output.secret(value) for name, value in secrets.items()}
    return pulumi.Output.secret(secrets)


def _demand_installed(given: Arguments, argument: str, names: Any) -> bool:
    """Whether technologies are installed, as far as they are known; each that is not is noted."""
    found = True
    for name in [names] if isinstance(names, str) else names if isinstance(names, list) else []:
        try:
            found = isinstance(name, str) and bool(technology(name)) and found
        except StoreError as missing:
            given.wrong(argument, str(missing))
            found = False
    return found and names is not None and not has_later(names)


def _hidden(secrets: Any) -> Mapping[str, Secret] | None:
    """Which secrets there are, without their values; None where that is known only later."""
    if secrets is None:
        return {}
    return {name: Secret("") for name in secrets} if isinstance(secrets, Mapping) else None


def _demand_sound(given: Arguments, properties: Mapping[str, Any], hidden: Mapping[str, Secret] | None) -> None:
    """Take note of options that the technology does not understand; whether the Store is there, its provider asks."""
    kind, options = properties.get("technology"), properties.get("connection")
    if not _demand_installed(given, "technology", kind) or hidden is None:
        return
    if isinstance(options, Mapping) and not has_later(options):
        with contextlib.chdir(root_directory()):  # from which its paths count, as in the provider
            for fault in technology(str(kind)).check(Connection(str(kind), options, hidden), create=True):
                if not (fault.code == "unknown-field" and fault.path[:1] == ("secrets",)):  # it does no harm
                    given.faults.append(in_holder(fault).line)
