"""How a Store of S3 is reached (https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html)."""

from __future__ import annotations

from pydantic import Field

from datakit_iac.technologies.connection import ConnectionModel, SecretText, Text


class S3Connection(ConnectionModel):
    """What a Store of S3 is reached by."""

    bucket: Text = Field(description="The bucket's name.")
    prefix: str = Field(default="", description="What the keys of all objects begin with.")
    region: Text | None = Field(default=None, description="The bucket's region.")
    endpoint: Text | None = Field(default=None, description="The address of another service that speaks S3.")
    path_style: bool = Field(default=False, description="Whether the bucket is named in the path, not in the host.")
    access_key_id: SecretText | None = Field(default=None, description="The access key.")
    secret_access_key: SecretText | None = Field(default=None, description="The secret of the access key.")
    session_token: SecretText | None = Field(default=None, description="The token of a temporary session.")
