"""The driver's settings for a connection. Nothing is imported that must be installed."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any, Final
from urllib.parse import urlsplit

from datakit_iac.contract.connection import Connection

FILES: Final = ("caFile", "certFile", "keyFile", "tokenCaFile")
"""The fields of a connection that name files."""

TIMEOUT: Final = 10
"""Seconds to wait for an answer where a connection says none."""


def lacking() -> str:
    """That the driver is not installed; empty where it is."""
    is_there = find_spec("confluent_kafka") is not None
    return "" if is_there else "the driver of Kafka is not installed: pip install 'datakit-iac[kafka]'"


def options(connection: Connection) -> dict[str, Any]:
    """A connection's fields by the names that manifests use, secrets among them."""
    return {**connection.options, **{name: secret.reveal() for name, secret in connection.secrets.items()}}


def brokers(said: Mapping[str, Any]) -> str:
    """The addresses, in one spelling."""
    return ",".join(sorted({str(each).strip().lower() for each in said["brokers"]}))


def prefix(said: Mapping[str, Any]) -> str:
    """What the names of all topics begin with."""
    return str(said.get("prefix") or "")


def timeout(said: Mapping[str, Any]) -> float:
    """Seconds to wait for an answer."""
    return float(said.get("timeout") or TIMEOUT)


def default(said: Mapping[str, Any], name: str) -> int:
    """The `partitions` or `replication` of topics whose DataSets say none; -1 where the brokers decide."""
    return int(said.get(name) or -1)


def access(said: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of librdkafka by which brokers are reached.

    Source: https://github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md

    Args:
        said: the fields of `KafkaConnection`, secrets among them.
    """
    named = {
        "security.protocol": said.get("securityProtocol"),
        "sasl.mechanism": said.get("saslMechanism"),
        **(_tokens(said) if said.get("saslMechanism") == "OAUTHBEARER" else _user(said)),
        "ssl.ca.location": said.get("caFile"),
        "ssl.certificate.location": said.get("certFile"),
        "ssl.key.location": said.get("keyFile"),
        "ssl.key.password": said.get("keyPassword"),
    }
    return {"bootstrap.servers": brokers(said), **{name: value for name, value in named.items() if value is not None}}


def _user(said: Mapping[str, Any]) -> dict[str, Any]:
    return {"sasl.username": said.get("username"), "sasl.password": said.get("password")}


def _tokens(said: Mapping[str, Any]) -> dict[str, Any]:
    """The grant `client_credentials`, which the driver asks for anew before a token ends."""
    extensions = said.get("saslExtensions") or {}
    return {
        "sasl.oauthbearer.method": "oidc",
        "sasl.oauthbearer.client.id": said.get("username"),
        "sasl.oauthbearer.client.secret": said.get("password"),
        "sasl.oauthbearer.token.endpoint.url": said.get("tokenEndpoint"),
        "sasl.oauthbearer.scope": said.get("tokenScope"),
        "sasl.oauthbearer.extensions": ",".join(f"{name}={value}" for name, value in extensions.items()) or None,
        "https.ca.location": said.get("tokenCaFile"),
    }


def driver(said: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of librdkafka that every client of ours has.

    Args:
        said: the fields of `KafkaConnection`, secrets among them.
    """
    milliseconds = int(timeout(said) * 1000)
    return {
        **access(said),
        "client.id": "datakit",
        "log_level": 0,  # what goes wrong comes to callbacks
        "socket.timeout.ms": milliseconds,
        "socket.connection.setup.timeout.ms": milliseconds,
        "topic.metadata.propagation.max.ms": 2000,
        "reconnect.backoff.max.ms": 1000,
    }


def registry(said: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a client of the schema registry; none where there is none.

    Source: https://docs.confluent.io/platform/current/clients/confluent-kafka-python/html/index.html#schemaregistryclient

    Args:
        said: the fields of `KafkaConnection`, secrets among them.
    """
    if not said.get("schemaRegistry"):
        return {}
    found: dict[str, Any] = {"url": str(said["schemaRegistry"])}
    if user := said.get("schemaRegistryUsername"):
        found["basic.auth.user.info"] = f"{user}:{said.get('schemaRegistryPassword', '')}"
    if said.get("caFile") and urlsplit(found["url"]).scheme == "https":
        found["ssl.ca.location"] = said["caFile"]
    return found
