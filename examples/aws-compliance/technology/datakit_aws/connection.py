"""How AWS accounts are reached."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from datakit_iac.sdk.technologies import ConnectionModel, SecretText, Text

AccountId = Annotated[str, StringConstraints(pattern=r"^\d{12}$")]
Region = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]
RoleArn = Annotated[str, StringConstraints(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/.+$")]


class Account(ConnectionModel):
    """An account, and how to sign in to it."""

    id: AccountId = Field(description="Its 12 digits, in quotes; the credentials must be of this account.")
    role: RoleArn | None = Field(default=None, description="The role that is assumed in it.")
    external_id: Text | None = Field(default=None, description="What the role's trust policy asks for.")
    profile: Text | None = Field(default=None, description="The profile of AWS's shared configuration to begin with.")

    @model_validator(mode="after")
    def _role_is_of_the_account(self) -> Self:
        if self.role and self.role.split(":")[4] != self.id:
            raise ValueError(f"the role of account {self.id} is {self.role}; expected one of that account")
        return self


class AwsConnection(ConnectionModel):
    """What a Store of AWS accounts is reached by.

    Without `accessKeyId` credentials are found as the SDK does: environment, shared configuration, web identity,
    container, instance.
    """

    accounts: list[Account] = Field(
        min_length=1, description="What is read: `id`, and `role`, `externalId`, `profile`."
    )
    regions: list[Region] = Field(min_length=1, description="The regions that are read; buckets and IAM: all.")
    endpoint: Text | None = Field(default=None, description="The address of another service that speaks AWS's APIs.")
    access_key_id: SecretText | None = Field(default=None, description="The access key to begin with.")
    secret_access_key: SecretText | None = Field(default=None, description="The secret of the access key.")
    session_token: SecretText | None = Field(default=None, description="The token of a temporary session.")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        ids = [account.id for account in self.accounts]
        if doubled := sorted({each for each in ids if ids.count(each) > 1}):
            raise ValueError(f"accounts has {', '.join(doubled)} more than once")
        if (self.access_key_id is None) != (self.secret_access_key is None):
            raise ValueError("accessKeyId and secretAccessKey belong together; give both, or none")
        return self
