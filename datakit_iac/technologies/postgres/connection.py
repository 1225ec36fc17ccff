"""How a Store of Postgres is reached (https://www.postgresql.org/docs/current/libpq-connect.html)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from datakit_iac.technologies.connection import ConnectionModel, PortNumber, SecretText, Text


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
    password: SecretText | None = Field(default=None, description="The role's password.")
