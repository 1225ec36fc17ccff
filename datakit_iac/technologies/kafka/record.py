"""One record of what a topic itself cannot carry, and one of what a Transform wrote into it; see `records`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from datakit_iac.manifest.models.column import Column
from datakit_iac.technologies.ownership import Attempt, Mark

_FORMAT: Final = 1

Key = tuple[str, str]
"""A topic, and the Transform that wrote into it; empty for the topic itself."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a Transform wrote into a topic last, with the number of rows."""

    attempt: Attempt
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Record:
    """What is kept of a topic.

    Attributes:
        topic_id: which topic of that name it is; empty while it is being made.
        mark: whose it is.
        description: the DataSet's.
        columns: the DataSet's.
        config: the configuration that was asked for, which goes where it is not any more.
    """

    topic_id: str
    mark: Mark
    description: str = ""
    columns: tuple[Column, ...] = ()
    config: Mapping[str, str] | None = None

    @property
    def document(self) -> dict[str, Any]:
        """As it is written."""
        return {
            "format": _FORMAT,
            "id": self.topic_id,
            "stack": self.mark.stack,
            "dataset": self.mark.dataset,
            "generation": self.mark.generation,
            "description": self.description,
            "columns": [column.dumped() for column in self.columns],
            "config": dict(self.config or {}),
        }

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Record:
        """What was written."""
        mark = Mark(document["stack"], document["dataset"], document["generation"])
        columns = tuple(Column.model_validate(each) for each in document["columns"])
        return cls(document["id"], mark, document["description"], columns, document["config"])


def key(topic: str, transform: str = "") -> bytes:
    """The key of a record."""
    return json.dumps([topic, transform] if transform else [topic]).encode()


def load_document(topic_id: str, loaded: Loaded) -> bytes:
    """What a Transform wrote, as it is written."""
    attempt = loaded.attempt
    document = {"format": _FORMAT, "id": topic_id, "rows": loaded.rows, "transform": attempt.transform}
    said = {"run": attempt.run, "time": attempt.time, "verified": attempt.is_verified}
    return json.dumps(document | said).encode()


def read_key(text: bytes) -> Key:
    """The topic and the Transform of a record."""
    topic, *transform = json.loads(text)
    return topic, transform[0] if transform else ""


def loaded(document: Mapping[str, Any]) -> Loaded:
    """What a Transform wrote, as it was written."""
    attempt = Attempt(document["transform"], document["run"], document["time"], is_verified=document["verified"])
    return Loaded(attempt, document["rows"])
