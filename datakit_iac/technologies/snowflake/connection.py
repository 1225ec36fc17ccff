"""How a Store of Snowflake is reached (https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-connect)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final, Literal

from pydantic import Field, PositiveInt

from datakit_iac.findings.fault import Fault
from datakit_iac.technologies.connection import ConnectionModel, PortNumber, SecretText, Text

_SIGN_IN: Final = ("password", "privateKey", "token")


class SnowflakeConnection(ConnectionModel):
    """What a Store of Snowflake is reached by."""

    account: Text = Field(description="The account's identifier.")
    database: Text = Field(description="The database's name.")
    schema_: Text = Field(default="PUBLIC", alias="schema", description="The schema of a table whose name says none.")
    role: Text | None = Field(default=None, description="The role that is used; without, the user's own default.")
    warehouse: Text | None = Field(
        default=None, description="The virtual warehouse that computes; without, the user's own default."
    )
    user: Text | None = Field(default=None, description="The user who connects.")
    authenticator: Text | None = Field(
        default=None,
        description="How the user is authenticated, in the connector's words; without, by the secret that is given.",
    )
    host: Text | None = Field(default=None, description="The server, where it is not that of the account's identifier.")
    port: PortNumber | None = Field(default=None, description="The server's port; without, 443.")
    protocol: Literal["https", "http"] = Field(default="https", description="Plain HTTP is for emulators.")
    connect_timeout: PositiveInt = Field(default=60, description="Seconds to wait for the server to answer.")
    statement_timeout: PositiveInt | None = Field(
        default=None, description="Seconds after which the server cancels a statement; without, the account's own."
    )
    lock_timeout: PositiveInt = Field(default=30, description="Seconds to wait for a table that another writes.")
    grants: dict[Text, Literal["read", "write", "none"]] = Field(
        default_factory=dict, description="What each role may do with the tables: read, write or none."
    )
    tags: dict[Literal["classification", "pii"], Text] = Field(
        default_factory=dict,
        description="The tag set for a table's `classification`, and that for a column's `pii`.",
    )
    masking_policies: dict[Literal["pii", "hash", "redact", "aggregate", "tokenise"], Text] = Field(
        default_factory=dict,
        description="The masking policy that is put on a column with that `masking`; `pii`: on one that says none.",
    )
    password: SecretText | None = Field(default=None, description="The user's password.")
    private_key: SecretText | None = Field(default=None, description="The user's private key, as PEM.")
    private_key_passphrase: SecretText | None = Field(default=None, description="The passphrase of the private key.")
    token: SecretText | None = Field(default=None, description="An OAuth token, or a programmatic access token.")

    @classmethod
    def faults(cls, technology: str, options: Mapping[str, Any], secrets: Collection[str] = ()) -> list[Fault]:
        """What is wrong with a connection; its secrets sign in by one way."""
        found = super().faults(technology, options, secrets)
        given = [name for name in _SIGN_IN if name in secrets]
        if len(given) > 1:
            message = f"{technology} is signed in to by {' and by '.join(given)}; expected one of {', '.join(_SIGN_IN)}"
            found.append(Fault("invalid-value", ("secrets", given[-1]), message))
        if "privateKeyPassphrase" in secrets and "privateKey" not in secrets:
            found.append(
                Fault("missing-field", ("secrets", "privateKey"), "a passphrase is given without its `privateKey`")
            )
        if set(given) & {"password", "privateKey"} and not options.get("user"):
            found.append(Fault("missing-field", ("user",), f"{technology} needs `user` beside the secret {given[0]}"))
        return found
