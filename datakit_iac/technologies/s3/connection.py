"""How a Store of S3 is reached (https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html)."""

from __future__ import annotations

from datakit_iac.technologies.connection import ConnectionModel, SecretText, Text


class S3Connection(ConnectionModel):
    """What a Store of S3 is reached by."""

    bucket: Text
    prefix: str = ""
    region: Text | None = None
    endpoint: Text | None = None
    path_style: bool = False
    access_key_id: SecretText | None = None
    secret_access_key: SecretText | None = None
    session_token: SecretText | None = None
