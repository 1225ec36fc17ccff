"""How a Store of Snowflake is reached (https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-connect)."""

from __future__ import annotations

from pydantic import Field

from datakit_iac.technologies.connection import ConnectionModel, SecretText, Text


class SnowflakeConnection(ConnectionModel):
    """What a Store of Snowflake is reached by."""

    account: Text = Field(description="The account's identifier.")
    database: Text = Field(description="The database's name.")
    schema_: Text | None = Field(
        default=None, alias="schema", description="The schema of a table whose name says none."
    )
    role: Text | None = Field(default=None, description="The role that is used.")
    warehouse: Text | None = Field(default=None, description="The virtual warehouse that computes.")
    user: Text | None = Field(default=None, description="The user who connects.")
    authenticator: Text | None = Field(default=None, description="How the user is authenticated.")
    password: SecretText | None = Field(default=None, description="The user's password.")
    private_key: SecretText | None = Field(default=None, description="The user's private key.")
    private_key_passphrase: SecretText | None = Field(default=None, description="The passphrase of the private key.")
    token: SecretText | None = Field(default=None, description="An OAuth token.")
