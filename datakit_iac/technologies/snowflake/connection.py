"""How a Store of Snowflake is reached (https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-connect)."""

from __future__ import annotations

from pydantic import Field

from datakit_iac.technologies.connection import ConnectionModel, SecretText, Text


class SnowflakeConnection(ConnectionModel):
    """What a Store of Snowflake is reached by."""

    account: Text
    database: Text
    schema_: Text | None = Field(default=None, alias="schema")
    role: Text | None = None
    warehouse: Text | None = None
    user: Text | None = None
    authenticator: Text | None = None
    password: SecretText | None = None
    private_key: SecretText | None = None
    private_key_passphrase: SecretText | None = None
    token: SecretText | None = None
