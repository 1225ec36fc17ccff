"""How a Store of Kafka is reached (https://kafka.apache.org/documentation/#producerconfigs)."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from datakit_iac.technologies.connection import ConnectionModel, SecretText, Text


class KafkaConnection(ConnectionModel):
    """What a Store of Kafka is reached by."""

    brokers: Annotated[list[Text], Field(min_length=1)] = Field(
        description="The addresses of brokers, each `host:port`."
    )
    prefix: str = Field(
        default="",
        pattern=r"^[a-zA-Z0-9._-]*$",
        description="What the name of each topic of the Store begins with; DataSets leave it out.",
    )
    partitions: PositiveInt | None = Field(
        default=None, description="Partitions of a topic whose DataSet says none; without it, the brokers decide."
    )
    replication: PositiveInt | None = Field(
        default=None, description="Copies of a topic whose DataSet says none; without it, the brokers decide."
    )
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT", description="How brokers are spoken to."
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"] | None = Field(
        default=None, description="How the user is authenticated."
    )
    username: Text | None = Field(default=None, description="The user who connects; for `OAUTHBEARER`, the client ID.")
    token_endpoint: Annotated[str, Field(pattern=r"^https?://[^\s@]+$")] | None = Field(
        default=None, description="For `OAUTHBEARER`, where the client gets its tokens."
    )
    token_scope: Text | None = Field(default=None, description="The scope of these tokens.")
    token_ca_file: Text | None = Field(
        default=None, description="The file with the authorities of that endpoint; without it, those of the system."
    )
    sasl_extensions: dict[Text, Text] | None = Field(
        default=None, description="What brokers want to know with a token, as `logicalCluster` and `identityPoolId`."
    )
    ca_file: Text | None = Field(
        default=None, description="The file with the authorities that are trusted; without it, those of the system."
    )
    cert_file: Text | None = Field(
        default=None, description="The file with the client's own certificate, where brokers ask for one."
    )
    key_file: Text | None = Field(default=None, description="The file with the key of that certificate, as PEM.")
    timeout: PositiveInt = Field(default=10, description="Seconds to wait for an answer.")
    schema_registry: Text | None = Field(default=None, description="The address of the schema registry.")
    schema_registry_username: Text | None = Field(default=None, description="The user at the schema registry.")
    password: SecretText | None = Field(
        default=None, description="The user's password; for `OAUTHBEARER`, the client's secret."
    )
    key_password: SecretText | None = Field(default=None, description="The password of the key file.")
    schema_registry_password: SecretText | None = Field(
        default=None, description="The password at the schema registry."
    )

    @model_validator(mode="after")
    def _says_who(self) -> Self:
        """SASL needs a user and a mechanism; a password without SASL would never be used."""
        if self.security_protocol.startswith("SASL_"):
            said = {"saslMechanism": self.sasl_mechanism, "username": self.username, "password": self.password}
            if missing := [name for name, value in said.items() if value is None]:
                raise ValueError(f"securityProtocol {self.security_protocol} requires {' and '.join(missing)}")
        elif self.sasl_mechanism or self.username or self.password is not None:
            raise ValueError(
                f"securityProtocol {self.security_protocol} does not sign in; expected SASL_SSL with saslMechanism,"
                " username and password"
            )
        self._demand_endpoint()
        self._demand_certificate()
        if self.schema_registry_username and self.schema_registry_password is None:
            raise ValueError("schemaRegistryUsername requires schemaRegistryPassword")
        return self

    def _demand_endpoint(self) -> None:
        said = {
            "tokenScope": self.token_scope,
            "tokenCaFile": self.token_ca_file,
            "saslExtensions": self.sasl_extensions,
        }
        if self.sasl_mechanism == "OAUTHBEARER":
            if self.token_endpoint is None:
                raise ValueError("saslMechanism OAUTHBEARER requires tokenEndpoint, where username gets its tokens")
        elif others := [name for name, value in {"tokenEndpoint": self.token_endpoint, **said}.items() if value]:
            raise ValueError(f"{' and '.join(others)} is for saslMechanism OAUTHBEARER; set that, or leave it out")

    def _demand_certificate(self) -> None:
        is_half = (self.cert_file is None) != (self.key_file is None)
        if is_half or (self.key_password is not None and not self.key_file):
            raise ValueError("a certificate of the client is certFile and keyFile, with keyPassword for a locked key")
        if self.cert_file and not self.security_protocol.endswith("SSL"):
            raise ValueError(
                f"securityProtocol {self.security_protocol} shows no certificate; expected SSL or SASL_SSL"
            )
