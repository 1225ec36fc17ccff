"""How a Store of S3 is reached (https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html)."""

from __future__ import annotations

import posixpath
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from datakit_iac.technologies.connection import SecretText, Text
from datakit_iac.technologies.files.connection import ContentConnection

BucketName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
"""See https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html."""


class S3Connection(ContentConnection):
    """What a Store of S3 is reached by, how its bucket is set up where it is made, and how CSV in it is read."""

    bucket: BucketName = Field(description="The bucket's name.")
    prefix: str = Field(default="", description="What the keys of all objects begin with.")
    region: Text | None = Field(default=None, description="The bucket's region; without, the SDK's own setting.")
    endpoint: Annotated[str, Field(pattern=r"^https?://[^\s/?#@]+(/[^\s?#@]*)?$")] | None = Field(
        default=None, description="The address of another service that speaks S3, e.g. `https://s3.example.com`."
    )
    path_style: bool | None = Field(
        default=None,
        description="Whether the bucket is named in the path, not in the host; without, it is where there is an"
        " `endpoint`.",
    )
    profile: Text | None = Field(default=None, description="The profile of the SDK's files that has the credentials.")
    encryption: Literal["AES256", "aws:kms"] | None = Field(
        default=None, description="How a bucket that is made encrypts objects; without, by AES256."
    )
    kms_key: Text | None = Field(default=None, description="The key of `aws:kms`; without, that of the account.")
    versioning: bool | None = Field(
        default=None, description="Whether a bucket that is made keeps what is overwritten or removed."
    )
    block_public_access: bool | None = Field(
        default=None, description="Whether a bucket that is made can never be public; without, it can not."
    )
    deny_plain_http: bool | None = Field(
        default=None,
        description="Whether a bucket that is made refuses requests without TLS; without, it does, unless the"
        " `endpoint` is plain HTTP.",
    )
    tags: dict[Text, str] | None = Field(default=None, description="Tags of a bucket that is made.")
    access_key_id: SecretText | None = Field(
        default=None, description="The access key; without, what the SDK finds: variables, profile, role, web identity."
    )
    secret_access_key: SecretText | None = Field(default=None, description="The secret of the access key.")
    session_token: SecretText | None = Field(default=None, description="The token of a temporary session.")

    @field_validator("prefix")
    @classmethod
    def _lies_in_the_bucket(cls, prefix: str) -> str:
        """Keys begin with it as it is written."""
        if ".." in prefix.split("/") or posixpath.normpath(prefix).startswith(".datakit"):
            raise ValueError(f"prefix is {prefix!r}; expected what the keys of the Store's objects begin with")
        return prefix

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        """A key needs its secret, and what is set up must leave a way in."""
        if (self.access_key_id is None) != (self.secret_access_key is None):
            raise ValueError("one of the secrets accessKeyId and secretAccessKey is missing; expected both or none")
        if self.access_key_id is not None and self.profile is not None:
            raise ValueError(
                "profile and the secret accessKeyId both say whose requests these are; expected one of them"
            )
        if self.kms_key and self.encryption != "aws:kms":
            raise ValueError("kmsKey is for `encryption: aws:kms`; set that, or leave kmsKey out")
        if self.deny_plain_http and (self.endpoint or "").startswith("http://"):
            raise ValueError(
                "denyPlainHttp would shut out this Store, whose endpoint is plain HTTP; use https, or leave it out"
            )
        return self
