"""The settings of a bucket: how each is read and written."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from datakit_iac.technologies.s3.objects import Objects
from datakit_iac.technologies.s3.opening import refusals

OURS: Final = "datakit"
"""The tag of a bucket that a Store has made, so that it sets it up."""
_BLOCK: Final = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
_STATEMENT: Final = "DatakitDenyPlainHttp"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a bucket.

    Attributes:
        option: the connection's option.
        default: what holds where the connection does not say; None leaves it as it is.
        read: what it is.
        write: makes it what it should be.
    """

    option: str
    default: object
    read: Callable[[Objects, Mapping[str, Any]], object]
    write: Callable[[Objects, Any, Mapping[str, Any]], None]


def tags(objects: Objects) -> dict[str, str]:
    """All tags of the bucket."""
    found = _asked(objects, "s3:GetBucketTagging", objects.client.get_bucket_tagging, "NoSuchTagSet")
    return {each["Key"]: each["Value"] for each in found.get("TagSet", ())}


def tag(objects: Objects, more: Mapping[str, str]) -> None:
    """Add tags to those that are there."""
    all_of_them = {**tags(objects), **more}
    said = {"TagSet": [{"Key": key, "Value": value} for key, value in sorted(all_of_them.items())]}
    with refusals("s3:PutBucketTagging", f"s3://{objects.bucket}"):
        objects.client.put_bucket_tagging(Bucket=objects.bucket, Tagging=said)


def _asked(objects: Objects, action: str, ask: Callable[..., Any], absent: str) -> dict[str, Any]:
    """The answer; empty where nothing is set, which S3 reports as an error of the code `absent`."""
    with refusals(action, f"s3://{objects.bucket}"):
        try:
            found: dict[str, Any] = ask(Bucket=objects.bucket)
        except ClientError as fault:
            if fault.response["Error"].get("Code") != absent:
                raise
            return {}
    return found


def _encryption(objects: Objects, options: Mapping[str, Any]) -> object:
    absent = "ServerSideEncryptionConfigurationNotFoundError"
    found = _asked(objects, "s3:GetEncryptionConfiguration", objects.client.get_bucket_encryption, absent)
    for rule in found.get("ServerSideEncryptionConfiguration", {}).get("Rules", ()):
        said = rule.get("ApplyServerSideEncryptionByDefault", {})
        if options.get("kmsKey") and said.get("KMSMasterKeyID") != options["kmsKey"]:
            return f"{said.get('SSEAlgorithm')} by another key"
        return said.get("SSEAlgorithm")
    return "none"


def _encrypt(objects: Objects, wanted: str, options: Mapping[str, Any]) -> None:
    key = {"KMSMasterKeyID": options["kmsKey"]} if options.get("kmsKey") else {}
    rule = {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": wanted, **key},
        "BucketKeyEnabled": wanted != "AES256",
    }
    with refusals("s3:PutEncryptionConfiguration", f"s3://{objects.bucket}"):
        objects.client.put_bucket_encryption(Bucket=objects.bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})


def _versioning(objects: Objects, options: Mapping[str, Any]) -> object:
    with refusals("s3:GetBucketVersioning", f"s3://{objects.bucket}"):
        return objects.client.get_bucket_versioning(Bucket=objects.bucket).get("Status") == "Enabled"


def _keep_versions(objects: Objects, wanted: bool, options: Mapping[str, Any]) -> None:
    status = {"Status": "Enabled" if wanted else "Suspended"}
    with refusals("s3:PutBucketVersioning", f"s3://{objects.bucket}"):
        objects.client.put_bucket_versioning(Bucket=objects.bucket, VersioningConfiguration=status)


def _public_access(objects: Objects, options: Mapping[str, Any]) -> object:
    absent = "NoSuchPublicAccessBlockConfiguration"
    found = _asked(objects, "s3:GetBucketPublicAccessBlock", objects.client.get_public_access_block, absent)
    said = found.get("PublicAccessBlockConfiguration", {})
    return all(said.get(each) for each in _BLOCK)


def _block_public_access(objects: Objects, wanted: bool, options: Mapping[str, Any]) -> None:
    with refusals("s3:PutBucketPublicAccessBlock", f"s3://{objects.bucket}"):
        objects.client.put_public_access_block(
            Bucket=objects.bucket, PublicAccessBlockConfiguration=dict.fromkeys(_BLOCK, wanted)
        )


def _policy(objects: Objects) -> dict[str, Any]:
    found = _asked(objects, "s3:GetBucketPolicy", objects.client.get_bucket_policy, "NoSuchBucketPolicy")
    said: dict[str, Any] = json.loads(found.get("Policy") or "{}")
    return said


def _statement(objects: Objects) -> dict[str, Any]:
    arn = f"arn:aws:s3:::{objects.bucket}"
    return {
        "Sid": _STATEMENT,
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def _plain_http(objects: Objects, options: Mapping[str, Any]) -> object:
    return _same(_statement(objects)) in [_same(each) for each in _policy(objects).get("Statement", ())]


def _deny_plain_http(objects: Objects, wanted: bool, options: Mapping[str, Any]) -> None:
    said = _policy(objects)
    others = [each for each in said.get("Statement", ()) if each.get("Sid") != _STATEMENT]
    statements = [*others, _statement(objects)] if wanted else others
    with refusals("s3:PutBucketPolicy", f"s3://{objects.bucket}"):
        if statements:
            policy = {"Version": "2012-10-17", **said, "Statement": statements}
            objects.client.put_bucket_policy(Bucket=objects.bucket, Policy=json.dumps(policy))
        else:
            objects.client.delete_bucket_policy(Bucket=objects.bucket)


def _same(statement: Mapping[str, Any]) -> str:
    """One text for a statement, however a service writes it back: lists of one, and who everybody is."""

    def plain(value: Any) -> Any:
        if isinstance(value, Mapping):
            if value.keys() == {"AWS"} and plain(value["AWS"]) == "*":
                return "*"
            return {name: plain(each) for name, each in sorted(value.items())}
        if isinstance(value, list):
            several = sorted((plain(each) for each in value), key=str)
            return several[0] if len(several) == 1 else several
        return str(value)

    return json.dumps(plain(statement), sort_keys=True)


def _tags(objects: Objects, options: Mapping[str, Any]) -> object:
    there = tags(objects)
    wanted = options.get("tags") or {}
    return {name: there[name] for name in wanted if name in there} if OURS in there else None


def _tag(objects: Objects, wanted: Mapping[str, str], options: Mapping[str, Any]) -> None:
    tag(objects, {**wanted, OURS: "store"})


SETTINGS: Final = (
    Setting("tags", {}, _tags, _tag),
    Setting("encryption", "AES256", _encryption, _encrypt),
    Setting("versioning", None, _versioning, _keep_versions),
    Setting("blockPublicAccess", True, _public_access, _block_public_access),
    Setting("denyPlainHttp", True, _plain_http, _deny_plain_http),
)
"""In the order in which they are written: the tag by which the bucket is known for ours comes first."""
