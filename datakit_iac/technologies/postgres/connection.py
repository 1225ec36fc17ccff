"""How a Store of Postgres is reached (https://www.postgresql.org/docs/current/libpq-connect.html)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from datakit_iac.technologies.connection import ConnectionModel, PortNumber, SecretText, Text


class PostgresConnection(ConnectionModel):
    """What a Store of Postgres is reached by."""

    host: Text
    port: PortNumber = 5432
    database: Text
    schema_: Text = Field(default="public", alias="schema")
    user: Text | None = None
    sslmode: Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] = "prefer"
    password: SecretText | None = None
