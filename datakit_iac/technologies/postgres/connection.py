"""How a Store of Postgres is reached (https://www.postgresql.org/docs/current/libpq-connect.html)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveInt

from datakit_iac.technologies.connection import ConnectionModel, PortNumber, SecretText, Text


class SecurityLabels(ConnectionModel):
    """What is said to a label provider, an extension that the server loads."""

    provider: Text = Field(description="The provider's name.")
    labels: dict[
        Literal["public", "internal", "confidential", "restricted", "pii", "hash", "redact", "aggregate", "tokenise"],
        Text,
    ] = Field(
        description="The label of a table for each `classification`; of a column for each `masking`, and under `pii`"
        " for personal data that says none."
    )


class PostgresConnection(ConnectionModel):
    """What a Store of Postgres is reached by."""

    host: Text = Field(description="The server's name or address.")
    port: PortNumber = Field(default=5432, description="The server's port.")
    database: Text = Field(description="The database's name.")
    schema_: Text = Field(default="public", alias="schema", description="The schema of a table whose name says none.")
    user: Text | None = Field(default=None, description="The role that connects.")
    sslmode: Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] = Field(
        default="prefer", description="How the connection is encrypted."
    )
    sslrootcert: Text | None = Field(default=None, description="The file with the authorities that are trusted.")
    connect_timeout: PositiveInt = Field(default=10, description="Seconds to wait for the server.")
    statement_timeout: PositiveInt | None = Field(
        default=None, description="Seconds after which the server cancels a statement; without it, never."
    )
    lock_timeout: PositiveInt = Field(default=30, description="Seconds to wait for a lock on a table.")
    grants: dict[Text, Literal["read", "write", "none"]] = Field(
        default_factory=dict, description="What each role may do with the tables: read, write or none."
    )
    security_labels: SecurityLabels | None = Field(
        default=None, description="The labels for classification and personal data, where the server has a provider."
    )
    password: SecretText | None = Field(default=None, description="The role's password.")
