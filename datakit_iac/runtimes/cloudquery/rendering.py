"""The CloudQuery spec of a job, as files and variables."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datakit_iac.cloudquery_plugins.adapters import Destination, Source, Sync
from datakit_iac.manifest.values.secret import Secret


@dataclass
class Rendered:
    """A spec and the variables it refers to.

    Attributes:
        documents: the CloudQuery documents.
        variables: the environment that the CLI fills in; secrets stand nowhere else.
    """

    documents: list[Mapping[str, Any]] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Write the spec as YAML (each document is JSON, which is YAML), readable by its owner only."""
        text = "\n---\n".join(json.dumps(document, indent=2, ensure_ascii=False) for document in self.documents)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text + "\n")

    def safe(self, value: Any) -> Any:
        """The value with secrets, and texts that the CLI would take for a variable, replaced by variables."""
        if isinstance(value, Secret):
            return self._variable(value.reveal())
        if isinstance(value, str) and "${" in value:
            return self._variable(value)
        if isinstance(value, Mapping):
            return {name: self.safe(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.safe(each) for each in value]
        return value

    def _variable(self, text: str) -> str:
        name = f"DATAKIT_VALUE_{len(self.variables)}"
        # The CLI puts the value into the text of the file before it reads it, so it must be right inside quotes.
        self.variables[name] = json.dumps(text)[1:-1]
        return f"${{{name}}}"


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
