"""How a Store of Kafka is reached (https://kafka.apache.org/documentation/#producerconfigs)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from datakit_iac.technologies.connection import ConnectionModel, SecretText, Text


class KafkaConnection(ConnectionModel):
    """What a Store of Kafka is reached by."""

    brokers: Annotated[list[Text], Field(min_length=1)] = Field(
        description="The addresses of brokers, each `host:port`."
    )
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT", description="How brokers are spoken to."
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"] | None = Field(
        default=None, description="How the user is authenticated."
    )
    username: Text | None = Field(default=None, description="The user who connects.")
    schema_registry: Text | None = Field(default=None, description="The address of the schema registry.")
    password: SecretText | None = Field(default=None, description="The user's password.")
    schema_registry_password: SecretText | None = Field(
        default=None, description="The password at the schema registry."
    )
