"""The CloudQuery spec of a job, as files and variables."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from datakit_iac.cloudquery_plugins.adapters import Destination, Source, Sync
from datakit_iac.manifest.values.secret import Secret


@dataclass
class Rendered:
    """A spec and the variables it refers to.

    Attributes:
        documents: the CloudQuery documents.
        env: variables that the CLI fills in, for texts that it would take for a variable.
        secret_env: those for secrets, which stand nowhere else.
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


def render(transform: str, sync: Sync, source: Source, destination: Destination) -> Rendered:
    """The spec of a sync whose plugins `cloudquery_plugins.launch` starts as `source` and `destination`."""
    rendered = Rendered()
    rendered.documents = [
        {
            "kind": "source",
            "spec": {
                "name": transform,
                "registry": "grpc",
                "path": "${DATAKIT_PLUGIN_SOURCE}",
                "tables": ["*"],
                "destinations": ["destination"],
                "spec": rendered.safe(source.spec(sync)),
            },
        },
        {
            "kind": "destination",
            "spec": {
                "name": "destination",
                "registry": "grpc",
                "path": "${DATAKIT_PLUGIN_DESTINATION}",
                "write_mode": sync.write_mode,
                "migrate_mode": "safe",
                "spec": rendered.safe(destination.spec(sync)),
            },
        },
    ]
    return rendered
