"""Buckets of S3, with what guards them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from datakit_aws.accounts import Caller
from datakit_aws.side_by_side import each

_GONE: Final = "NoSuchBucket"
"""The bucket was deleted since it was listed."""
_PUBLIC: Final = ("/global/AllUsers", "/global/AuthenticatedUsers")
_BLOCKS: Final = {
    "block_public_acls": "BlockPublicAcls",
    "ignore_public_acls": "IgnorePublicAcls",
    "block_public_policy": "BlockPublicPolicy",
    "restrict_public_buckets": "RestrictPublicBuckets",
}


def s3_buckets(caller: Caller) -> Iterator[Mapping[str, Any]]:
    """All buckets of an account, wherever they are."""
    buckets = list(caller.pages("s3", "list_buckets", "Buckets"))
    yield from (row for row in each(lambda bucket: _row(caller, bucket), buckets) if row)


def _row(caller: Caller, bucket: Mapping[str, Any]) -> Mapping[str, Any] | None:
    name = bucket["Name"]
    located = caller.call("s3", "get_bucket_location", (_GONE,), Bucket=name)
    if not located:
        return None
    region = {None: "us-east-1", "EU": "eu-west-1"}.get(located["LocationConstraint"], located["LocationConstraint"])
    there = caller.within(region)

    def ask(operation: str, *absent: str) -> Mapping[str, Any]:
        return there.call("s3", operation, (*absent, _GONE), Bucket=name)

    encrypted = ask("get_bucket_encryption", "ServerSideEncryptionConfigurationNotFoundError")
    rules = encrypted.get("ServerSideEncryptionConfiguration", {}).get("Rules", [])
    default: Mapping[str, Any] = next((rule["ApplyServerSideEncryptionByDefault"] for rule in rules), {})
    block = ask("get_public_access_block", "NoSuchPublicAccessBlockConfiguration")
    blocked = block.get("PublicAccessBlockConfiguration", {})
    policy = ask("get_bucket_policy_status", "NoSuchBucketPolicy").get("PolicyStatus", {})
    grants = ask("get_bucket_acl").get("Grants", [])
    versioning = ask("get_bucket_versioning")
    logging = ask("get_bucket_logging").get("LoggingEnabled", {})
    tags = ask("get_bucket_tagging", "NoSuchTagSet").get("TagSet", [])
    if not caller.call("s3", "get_bucket_location", (_GONE,), Bucket=name):
        return None
    return {
        "account_id": caller.account,
        "region": region,
        "bucket": name,
        "created_on": bucket["CreationDate"].date(),
        "encryption": default.get("SSEAlgorithm"),
        "kms_key": default.get("KMSMasterKeyID"),
        **{column: bool(blocked.get(field)) for column, field in _BLOCKS.items()},
        "policy_is_public": bool(policy.get("IsPublic")),
        "acl_is_public": any(grant["Grantee"].get("URI", "").endswith(_PUBLIC) for grant in grants),
        "versioning": versioning.get("Status", "Disabled"),
        "logging_bucket": logging.get("TargetBucket"),
        "tags": {tag["Key"]: tag["Value"] for tag in tags},
    }
