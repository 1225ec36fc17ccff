"""A test kit for lifecycles: a provider in this process, over real gRPC, without Pulumi's command-line tool.

`Lifecycle` serves resource types as the plugin does and acts as the engine: it keeps the state of each resource,
asks the provider what the engine would ask in the same order, and collects what is said to the user.

>>> from datakit_iac.provider.registry import TYPES
>>> with Lifecycle(TYPES) as lifecycle:
...     catalog = lifecycle.subject("datakit:index:Connector", "duckdb")
...     print(catalog.up({"name": "duckdb", "technology": "duckdb"}).kind)
...     print(catalog.up({"name": "duckdb", "technology": "duckdb", "version": "1.4.2"}).kind)
create
update
"""

from __future__ import annotations

from datakit_iac.testing.served_provider import Message, OperationError, ServedProvider
from datakit_iac.testing.subject import RefusedError, Step, Subject

__all__ = ["Lifecycle", "Message", "OperationError", "RefusedError", "Step", "Subject"]


class Lifecycle(ServedProvider):
    """A served provider, and resources that it makes, changes and removes."""

    def subject(self, token: str, name: str) -> Subject:
        """A resource of a type, not yet created."""
        return Subject(self, f"{self.stack}::{token}::{name}")
