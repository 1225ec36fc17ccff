"""The CloudQuery spec of a job, as files and variables."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from datakit_iac.cloudquery_plugins.adapters import Destination, Source, Sync
from datakit_iac.cloudquery_plugins.spec_fields import RECEIVED
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.runtimes.cloudquery.named import Named, NamedDestination, NamedSource
from datakit_iac.runtimes.cloudquery.plugins import Chosen, launched


@dataclass
class Rendered:
    """A spec and the variables it refers to.

    Attributes:
        documents: the CloudQuery documents.
        env: variables that the CLI fills in, for texts that it would take for a variable.
        secret_env: those for secrets, which are nowhere else.
    """

    documents: list[Mapping[str, Any]] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    secret_env: dict[str, Secret] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The spec as YAML: each document is JSON, which is YAML."""
        return "\n---\n".join(json.dumps(each, indent=2, ensure_ascii=False) for each in self.documents) + "\n"

    def safe(self, value: Any) -> Any:
        """The value with secrets, and texts that the CLI would take for a variable, replaced by variables."""
        name = f"DATAKIT_VALUE_{len(self.env) + len(self.secret_env)}"
        if isinstance(value, Secret):
            self.secret_env[name] = Secret(_quoted(value.reveal()))
            return f"${{{name}}}"
        if isinstance(value, str) and "${" in value:
            self.env[name] = _quoted(value)
            return f"${{{name}}}"
        if isinstance(value, Mapping):
            return {name: self.safe(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.safe(each) for each in value]
        return value


def _quoted(text: str) -> str:
    # The CLI puts the value into the text of the file before it reads it, so it must be right inside quotes.
    return json.dumps(text)[1:-1]


def render(transform: str, sync: Sync, chosen: Chosen) -> Rendered:
    """The spec of a sync; plugins of ours are those that `cloudquery_plugins.launch` starts."""
    rendered, (source, destination) = Rendered(), chosen
    told = destination.told(sync) if isinstance(destination, NamedDestination) else sync
    received = {}
    if isinstance(source, NamedSource) and not isinstance(destination, NamedDestination):
        received = {RECEIVED: source.received(sync)}
    rendered.documents = [
        {
            "kind": "source",
            "spec": {
                "name": transform,
                **_plugin(source, "${DATAKIT_PLUGIN_SOURCE}"),
                **({"tables": source.tables(sync), **_ALONE} if isinstance(source, NamedSource) else {"tables": ["*"]}),
                "destinations": ["destination"],
                "spec": rendered.safe(source.spec(told)),
            },
        },
        {
            "kind": "destination",
            "spec": {
                "name": "destination",
                **_plugin(destination, "${DATAKIT_PLUGIN_DESTINATION}"),
                "write_mode": sync.write_mode,
                "migrate_mode": "safe",
                "spec": rendered.safe({**destination.spec(sync), **received}),
            },
        },
    ]
    return rendered


_ALONE: Final = {"skip_dependent_tables": True}
"""Of the tables of a plugin, those that are named and no others."""


def _plugin(side: Source | Destination | Named, address: str) -> dict[str, str]:
    """Where the CLI finds a plugin."""
    if launched(side) or not isinstance(side, NamedSource | NamedDestination):
        return {"registry": "grpc", "path": address}
    plugin = side.plugin
    return {"registry": plugin.registry, "path": plugin.path, **({"version": plugin.version} if plugin.version else {})}
