"""The schema registry of a Store, by Confluent's API."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from datakit_iac.manifest.models.column import Column
from datakit_iac.technologies.kafka import settings
from datakit_iac.technologies.kafka.schemas import Form, schema
from datakit_iac.technologies.technology import StoreError

_TYPES: Mapping[str, str] = {"json": "JSON", "avro": "AVRO"}
_UNKNOWN = frozenset({40401, 40402, 40403, 40408, 404})


class Registry:
    """The subjects of a registry.

    Args:
        said: the fields of `KafkaConnection`, secrets among them; it names a registry.
        timeout: seconds to wait for an answer.
    """

    def __init__(self, said: Mapping[str, Any], timeout: float) -> None:
        self.url = str(said["schemaRegistry"])
        self._client = SchemaRegistryClient({**settings.registry(said), "timeout": timeout, "max.retries": 1})

    def refusals(self, topic: str, name: str, form: Form, columns: Sequence[Column]) -> list[str]:
        """Why the registry would not take the schema of a DataSet of this name; nothing is registered."""
        subject, wanted = subject_of(topic), _schema(name, form, columns)
        latest = self._asked(subject, lambda: self._client.get_latest_version(subject), None)
        changed = _changed(latest.schema, wanted) if latest else []
        if not changed:
            return []
        if self._asked(subject, lambda: self._client.test_compatibility(subject, wanted)):
            return []
        mode = self._mode(subject)
        return [
            f"{', '.join(changed)}: the schema registry refuses that for subject {subject} (compatibility {mode}); keep"
            " it as it was, name another topic, or set another compatibility for the subject"
        ]

    def _mode(self, subject: str) -> str:
        """The compatibility of a subject; one of its own that allows everything cannot be the one that refused."""
        own = self._asked(subject, lambda: self._client.get_compatibility(subject), "NONE")
        return str(self._asked("its compatibility", self._client.get_compatibility) if own == "NONE" else own)

    def register(self, topic: str, name: str, form: Form, columns: Sequence[Column]) -> int:
        """The ID of the schema of a DataSet of this name, which is registered if it is new.

        Raises:
            StoreError: the registry refuses it, or cannot be reached.
        """
        subject, wanted = subject_of(topic), _schema(name, form, columns)
        return int(self._asked(subject, lambda: self._client.register_schema(subject, wanted)))

    def remove(self, topic: str) -> None:
        """Remove the subject of a topic that is gone, as far as its schemas are in use nowhere else.

        Raises:
            StoreError: the registry refuses it, or cannot be reached.
        """
        subject = subject_of(topic)
        self._asked(subject, lambda: self._client.delete_subject(subject), [])

    def text(self, number: int) -> str:
        """The schema of an ID, which messages begin with.

        Raises:
            StoreError: there is none, or the registry cannot be reached.
        """
        return str(self._asked(f"ID {number}", lambda: self._client.get_schema(number)).schema_str)

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def _asked(self, what: str, answer: Any, absent: Any = ...) -> Any:
        try:
            return answer()
        except SchemaRegistryError as fault:
            if absent is not ... and (fault.error_code in _UNKNOWN or fault.http_status_code == 404):
                return absent
            raise StoreError(f"the schema registry {self.url} refused {what}: {fault.error_message}") from fault
        except Exception as fault:  # of whichever HTTP library the client uses
            raise StoreError(f"the schema registry {self.url} cannot be asked: {fault}") from fault


def subject_of(topic: str) -> str:
    """The subject of the values of a topic, as Confluent's own clients name it."""
    return f"{topic}-value"


def _changed(before: Schema, after: Schema) -> list[str]:
    """What differs, by field: registries do not always say what of it they refuse."""
    old, new = _fields(before), _fields(after)
    if before.schema_type != after.schema_type:
        return [f"the schema is {after.schema_type} instead of {before.schema_type}"]
    told = [f"column {name} is added" for name in new if name not in old]
    told += [f"column {name} is dropped" for name in old if name not in new]
    return told + [f"column {name} is changed" for name in new if name in old and old[name] != new[name]]


def _fields(said: Schema) -> dict[str, Any]:
    document = json.loads(said.schema_str or "{}")
    if "fields" in document:
        return {field["name"]: (field["type"], field.get("doc")) for field in document["fields"]}
    required = document.get("required") or ()
    return {name: (field, name in required) for name, field in (document.get("properties") or {}).items()}


def _schema(name: str, form: Form, columns: Sequence[Column]) -> Schema:
    return Schema(schema(form, name, columns), _TYPES[form])
