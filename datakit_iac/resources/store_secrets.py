"""The provider of a Platform's resources, which carries the secrets of its Stores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi


class StoreSecrets(pulumi.ProviderResource):
    """A provider that is configured with the secrets of Stores, so that no other resource's state has them.

    An engine hands a provider what it recorded of its configuration also to refresh and delete a resource, of which it
    has nothing but the state. Here is no secret that only the update will know: in a preview the engine asks nothing
    of a provider whose configuration is not known.

    Args:
        resource_name: the provider's name.
        locations: what tells each Store from others, by its name.
        secrets: of each Store, by its name.
        opts: Pulumi's resource options.
    """

    def __init__(
        self,
        resource_name: str,
        locations: Mapping[str, str],
        secrets: Mapping[str, Mapping[str, Any]],
        opts: pulumi.ResourceOptions,
    ) -> None:
        sealed = {
            name: {key: pulumi.Output.secret(value) for key, value in values.items()}
            for name, values in secrets.items()
        }
        stores = {name: {"location": locations[name], "secrets": values} for name, values in sealed.items()}
        super().__init__("datakit", resource_name, {"stores": stores}, opts)
        self.carried = frozenset(stores)


def carries(opts: pulumi.ResourceOptions | None, store: str) -> bool:
    """Whether the provider that is given for a Store carries its secrets."""
    provider = opts.provider if opts else None
    return isinstance(provider, StoreSecrets) and store in provider.carried
