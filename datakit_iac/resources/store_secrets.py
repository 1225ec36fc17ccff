"""The provider of a Platform's resources, which has the secrets of its Stores."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from functools import partial
from typing import Any

import pulumi

from datakit_iac.contract.connection import Connection
from datakit_iac.pulumi_compat import root_directory
from datakit_iac.resources.known import when_known
from datakit_iac.technologies.technology import technology


class StoreSecrets(pulumi.ProviderResource):
    """A provider that is configured with the secrets of Stores, so that no other resource's state has them.

    An engine hands a provider what it recorded of its configuration also to refresh and delete a resource, of which it
    has nothing but the state. Nothing here is an output of the program: in a preview that does not know part of a
    configuration, the engine asks nothing of the provider.

    Args:
        resource_name: the provider's name.
        connections: how each Store is reached, by its name; options and secrets may be values that the engine knows.
        opts: Pulumi's resource options.
    """

    def __init__(
        self, resource_name: str, connections: Mapping[str, tuple[str, Any, Any]], opts: pulumi.ResourceOptions
    ) -> None:
        stores = {
            name: {
                "location": when_known(options, partial(_location, kind)),
                "secrets": {key: pulumi.Output.secret(value) for key, value in secrets.items()},
            }
            for name, (kind, options, secrets) in connections.items()
        }
        super().__init__("datakit", resource_name, {"stores": stores}, opts)
        self.carried = frozenset(stores)


def carries(opts: pulumi.ResourceOptions | None, store: str) -> bool:
    """Whether the provider that is given for a Store has its secrets."""
    provider = opts.provider if opts else None
    return isinstance(provider, StoreSecrets) and store in provider.carried


def _location(kind: str, options: Mapping[str, Any]) -> str:
    with contextlib.chdir(root_directory()):  # from which its paths count, as in the provider
        return technology(kind).location(Connection(kind, options))
