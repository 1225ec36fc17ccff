"""The tables: their columns and what has one of each; cheap to import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from datakit_iac.sdk.technologies import Column, DataType

Scope = Literal["account", "region"]


@dataclass(frozen=True, slots=True)
class Table:
    """A table of every inventory.

    Attributes:
        name: its name, which a DataSet says as `table`.
        scope: whether an account has one of it, or each region of an account.
        types: the type of each column.
    """

    name: str
    scope: Scope
    types: Mapping[str, str]

    @property
    def columns(self) -> tuple[Column, ...]:
        """As a Session describes them."""
        return tuple(Column(name=name, type=DataType.parse(kind)) for name, kind in self.types.items())


TABLES: Final = {
    table.name: table
    for table in (
        Table(
            "s3_buckets",
            "account",
            {
                "account_id": "string",
                "region": "string",
                "bucket": "string",
                "created_on": "date",
                "encryption": "string",  # AES256, aws:kms, aws:kms:dsse; none where objects are not encrypted
                "kms_key": "string",
                "block_public_acls": "boolean",
                "ignore_public_acls": "boolean",
                "block_public_policy": "boolean",
                "restrict_public_buckets": "boolean",
                "policy_is_public": "boolean",
                "acl_is_public": "boolean",
                "versioning": "string",  # Enabled, Suspended, Disabled
                "logging_bucket": "string",
                "tags": "json",
            },
        ),
        Table(
            "iam_users",
            "account",
            {
                "account_id": "string",
                "user_name": "string",
                "arn": "string",
                "created_on": "date",
                "has_password": "boolean",
                "password_last_used_on": "date",
                "mfa_devices": "integer",
                "tags": "json",
            },
        ),
        Table(
            "iam_access_keys",
            "account",
            {
                "account_id": "string",
                "user_name": "string",
                "access_key_id": "string",
                "status": "string",  # Active, Inactive
                "created_on": "date",
                "last_used_on": "date",
                "observed_on": "date",  # so that ages follow from the rows, and change once a day
            },
        ),
        Table(
            "ec2_security_groups",
            "region",
            {
                "account_id": "string",
                "region": "string",
                "group_id": "string",
                "group_name": "string",
                "vpc_id": "string",
                "description": "string",
                "tags": "json",
            },
        ),
        Table(
            "ec2_ingress_rules",
            "region",
            {
                "account_id": "string",
                "region": "string",
                "rule_id": "string",
                "group_id": "string",
                "protocol": "string",  # tcp, udp, icmp, a number; -1 for all
                "from_port": "integer",
                "to_port": "integer",
                "cidr_ipv4": "string",
                "cidr_ipv6": "string",
                "prefix_list_id": "string",
                "referenced_group_id": "string",
                "description": "string",
            },
        ),
    )
}
