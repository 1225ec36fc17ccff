"""How a Store of Kafka is reached (https://kafka.apache.org/documentation/#producerconfigs)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from datakit_iac.technologies.connection import ConnectionModel, SecretText, Text


class KafkaConnection(ConnectionModel):
    """What a Store of Kafka is reached by."""

    brokers: Annotated[list[Text], Field(min_length=1)]
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"] | None = None
    username: Text | None = None
    schema_registry: Text | None = None
    password: SecretText | None = None
    schema_registry_password: SecretText | None = None
