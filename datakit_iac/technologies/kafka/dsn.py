"""The address of a Store of Kafka, by which jobs reach it, and what it opens.

``kafka://USER:PASSWORD@broker:9092,broker:9092/prefix?securityProtocol=…``, every part percent-encoded; the query has
the other fields of the connection, by the names that manifests use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlencode

from datakit_iac.contract.connection import Connection
from datakit_iac.technologies.kafka import settings

_OPTIONS: Final = (
    "securityProtocol", "saslMechanism", "tokenEndpoint", "tokenScope", "timeout",
    "schemaRegistry", "schemaRegistryUsername",
)  # fmt: skip
_EXTENSION: Final = "saslExtensions."
_PASSWORDS: Final = ("keyPassword", "schemaRegistryPassword")


@dataclass(frozen=True, slots=True)
class Cluster:
    """A Store of Kafka, ready to be worked on.

    Attributes:
        prefix: what the name of each topic of the Store begins with.
        settings: those by which any client of confluent-kafka reaches the brokers, the password among them.
        registry: those of `confluent_kafka.schema_registry.SchemaRegistryClient`; empty where the Store names none.
    """

    prefix: str
    settings: Mapping[str, Any] = field(repr=False)
    registry: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def topic(self, name: str) -> str:
        """A topic's whole name, by that which DataSets say."""
        return f"{self.prefix}{name}"

    def producer(self, **more: Any) -> Any:
        """A `confluent_kafka.Producer`, the caller's to flush.

        Args:
            more: further settings of librdkafka, with ``_`` for each ``.``: ``enable_idempotence=True``.
        """
        from confluent_kafka import Producer

        return Producer({**self.settings, **_named(more)})

    def consumer(self, group: str, **more: Any) -> Any:
        """A `confluent_kafka.Consumer`, the caller's to close.

        Args:
            group: the group that shares the messages, and whose offsets are kept.
            more: further settings of librdkafka, with ``_`` for each ``.``: ``auto_offset_reset="earliest"``.
        """
        from confluent_kafka import Consumer

        return Consumer({**self.settings, "group.id": group, **_named(more)})


def written(connection: Connection) -> str:
    """The address of a Store."""
    options, secrets = connection.options, {name: each.reveal() for name, each in connection.secrets.items()}
    login = quote(str(options.get("username") or ""), safe="")
    if "password" in secrets:
        login = f"{login}:{quote(secrets['password'], safe='')}"
    said = {name: str(options[name]) for name in _OPTIONS if options.get(name) is not None}
    files = {name: options[name] for name in settings.FILES if options.get(name)}
    said |= {name: str(Path(path).expanduser().absolute()) for name, path in files.items()}
    said |= {f"{_EXTENSION}{name}": value for name, value in (options.get("saslExtensions") or {}).items()}
    said |= {name: secrets[name] for name in _PASSWORDS if name in secrets}
    query = f"?{urlencode(said, quote_via=quote, safe='')}" if said else ""
    prefix = settings.prefix(options)
    return f"kafka://{login}{'@' if login else ''}{settings.brokers(options)}{f'/{prefix}' if prefix else ''}{query}"


def read(dsn: str) -> dict[str, Any]:
    """The fields of a connection, secrets among them, by the names that manifests use.

    >>> read("kafka://ann:p%40s@b1:9092,b2:9092/shop.?securityProtocol=SASL_SSL&timeout=5") == {
    ...     "brokers": ["b1:9092", "b2:9092"], "prefix": "shop.", "username": "ann", "password": "p@s",
    ...     "securityProtocol": "SASL_SSL", "timeout": 5,
    ... }
    True
    """
    # Not by urlsplit, to which several brokers are not one host.
    place, _, query = dsn.partition("://")[2].partition("?")
    host, _, prefix = place.partition("/")
    login, _, brokers = host.rpartition("@")
    user, _, password = login.partition(":")
    asked = dict(parse_qsl(query))
    extensions = {name: asked.pop(name) for name in [*asked] if name.startswith(_EXTENSION)}
    said: dict[str, Any] = {"brokers": brokers.split(","), **asked}
    if extensions:
        said["saslExtensions"] = {name.removeprefix(_EXTENSION): value for name, value in extensions.items()}
    if "timeout" in said:
        said["timeout"] = int(said["timeout"])
    more = {"prefix": prefix, "username": unquote(user), "password": unquote(password)}
    return {**said, **{name: value for name, value in more.items() if value}}


def cluster(said: Mapping[str, Any]) -> Cluster:
    """What the fields of a connection open."""
    return Cluster(settings.prefix(said), settings.access(said), settings.registry(said))


def _named(more: Mapping[str, Any]) -> dict[str, Any]:
    return {name.replace("_", "."): value for name, value in more.items()}
