"""Connector and Store as Pulumi resources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from datakit_iac.contract import shapes
from datakit_iac.contract.faults import demand
from datakit_iac.technologies.bound import Connection


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
        ValueError: a manifest would not take what is given; every fault is told.
    """

    def __init__(
        self,
        resource_name: str,
        *,
        technology: str,
        technologies: Sequence[str] | None = None,
        provider: str = "datakit",
        version: str | None = None,
        protocol: str | None = None,
        capabilities: list[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        properties = {
            "name": resource_name,
            "technology": technology,
            "technologies": list(technologies) if technologies else None,
            "provider": provider,
            "version": version,
            "protocol": protocol,
            "capabilities": capabilities,
        }
        demand(shapes.Connector, properties)
        super().__init__("datakit:index:Connector", resource_name, properties, opts)


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
        ValueError: a manifest would not take what is given; every fault is told.

    Attributes:
        location: what tells this Store from others, without secrets.
    """

    location: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        technology: str,
        connection: Mapping[str, Any],
        secrets: Mapping[str, pulumi.Input[str]] | None = None,
        create: bool | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        properties: dict[str, Any] = {
            "name": resource_name,
            "technology": technology,
            "connection": dict(connection),
            "secrets": {name: pulumi.Output.secret(value) for name, value in secrets.items()} if secrets else None,
            "create": create,
            "location": None,
        }
        demand(shapes.Store, properties)
        super().__init__("datakit:index:Store", resource_name, properties, opts)
        self.bound = Connection(technology, dict(connection))
        # The resource's own outputs, so that whatever uses them comes after it.
        self.reached: dict[str, Any] = {
            "name": resource_name,
            "technology": technology,
            "connection": self.location.apply(lambda _: dict(connection)),
        }
        if secrets:
            self.reached["secrets"] = properties["secrets"]
