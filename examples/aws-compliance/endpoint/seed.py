"""Three accounts of a company, as data: what is in them, compliant and not."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

PRODUCTION, STAGING, AUDIT = "111111111111", "222222222222", "333333333333"
ACCOUNTS: Final = (PRODUCTION, STAGING, AUDIT)
REGIONS: Final = ("eu-central-1", "us-east-1")
READER: Final = "inventory"
"""The user who reads, and the role that it assumes in each account."""
ADMIN: Final = "admin"

Client = Callable[[str, str, str], Any]
"""Makes a client of an account, a service and a region, who may do everything."""

_READS: Final = ["s3:Get*", "s3:List*", "iam:Get*", "iam:List*", "ec2:Describe*"]
_ALL_BLOCKS: Final = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
)


@dataclass(frozen=True)
class Bucket:
    """A bucket."""

    account: str
    name: str
    region: str = "eu-central-1"
    encryption: str | None = "AES256"
    is_blocked: bool = True
    has_public_policy: bool = False
    has_public_acl: bool = False
    is_versioned: bool = False
    logs_to: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class User:
    """A user, and for each of its keys the days since it was made and its status."""

    account: str
    name: str
    has_password: bool = False
    has_mfa: bool = False
    keys: tuple[tuple[int, str], ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Group:
    """A security group with its rules: protocol, first and last port, and where traffic comes from."""

    account: str
    region: str
    name: str
    rules: tuple[tuple[str, int, int, str], ...]


BUCKETS: Final = (
    Bucket(PRODUCTION, "acme-logs", tags={"team": "platform"}),
    Bucket(PRODUCTION, "acme-invoices", encryption="aws:kms", is_versioned=True, logs_to="acme-logs",
           tags={"owner": "ann@example.com", "team": "billing"}),
    Bucket(PRODUCTION, "acme-website", is_blocked=False, has_public_policy=True, tags={"owner": "bob@example.com"}),
    Bucket(PRODUCTION, "acme-downloads", has_public_policy=True),
    Bucket(PRODUCTION, "acme-assets-2019", region="eu-west-1", encryption=None, is_blocked=False, has_public_acl=True),
    Bucket(STAGING, "acme-staging-scratch", region="us-east-1", encryption=None),
    Bucket(STAGING, "acme-staging-data", is_versioned=True),
    Bucket(AUDIT, "acme-audit-trail", encryption="aws:kms", is_versioned=True),
)  # fmt: skip

USERS: Final = (
    User(PRODUCTION, "ann", has_password=True, has_mfa=True, keys=((30, "Active"),),
         tags={"email": "ann@example.com"}),
    User(PRODUCTION, "bob", has_password=True, keys=((400, "Active"),), tags={"email": "bob@example.com"}),
    User(PRODUCTION, "dan", has_mfa=True, has_password=True, keys=((10, "Active"), (120, "Active"))),
    User(PRODUCTION, "eve", keys=((200, "Inactive"),)),
    User(PRODUCTION, "ci-deploy", keys=((90, "Active"),)),
    User(PRODUCTION, "ci-release", keys=((91, "Active"),)),
    *(User(PRODUCTION, f"service-{number:02}", keys=((number, "Active"),)) for number in range(25)),
    User(STAGING, "frank", has_password=True, tags={"email": "frank@example.com"}),
    User(STAGING, "gina", has_password=True, has_mfa=True),
)  # fmt: skip

GROUPS: Final = (
    Group(PRODUCTION, "eu-central-1", "web", (("tcp", 443, 443, "0.0.0.0/0"), ("tcp", 443, 443, "::/0"))),
    Group(PRODUCTION, "eu-central-1", "bastion", (("tcp", 22, 22, "0.0.0.0/0"), ("tcp", 22, 22, "10.0.0.0/8"))),
    Group(PRODUCTION, "us-east-1", "database", (("tcp", 5432, 5432, "10.0.0.0/8"),)),
    *(Group(PRODUCTION, "eu-central-1", f"service-{number:02}", (("tcp", 8080, 8080, "10.1.0.0/16"),))
      for number in range(12)),
    Group(STAGING, "us-east-1", "try-out", (("-1", -1, -1, "::/0"),)),
    Group(STAGING, "eu-central-1", "desktops", (("tcp", 3380, 3400, "0.0.0.0/0"), ("tcp", 80, 80, "0.0.0.0/0"))),
)  # fmt: skip


def seed(client: Client) -> dict[str, dict[str, str]]:
    """Make all of it; the access keys of the reader and of the admin."""
    keys = {name: _signs_in(client, name) for name in (READER, ADMIN)}
    for account in ACCOUNTS:
        _role(client, account, READER, _READS)
        _role(client, account, ADMIN, ["*"])
        for region in REGIONS:  # made now, the default network has the same name after each start
            client(account, "ec2", region).describe_security_groups()
    for bucket in BUCKETS:
        _bucket(client(bucket.account, "s3", bucket.region), bucket)
    for user in USERS:
        _user(client(user.account, "iam", "us-east-1"), user)
    for group in GROUPS:
        _group(client(group.account, "ec2", group.region), group)
    return keys


def _signs_in(client: Client, name: str) -> dict[str, str]:
    """A user of the audit account who may assume the role of that name."""
    iam = client(AUDIT, "iam", "us-east-1")
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="assume", PolicyDocument=_policy(["sts:AssumeRole"]))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {"id": key["AccessKeyId"], "secret": key["SecretAccessKey"]}


def _role(client: Client, account: str, name: str, actions: list[str]) -> None:
    iam = client(account, "iam", "us-east-1")
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{AUDIT}:user/{name}"}, "Action": "sts:AssumeRole"}
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=_document([trust]))
    iam.put_role_policy(RoleName=name, PolicyName="allowed", PolicyDocument=_policy(actions))


def _bucket(s3: Any, bucket: Bucket) -> None:
    located = {"CreateBucketConfiguration": {"LocationConstraint": bucket.region}}
    s3.create_bucket(Bucket=bucket.name, **(located if bucket.region != "us-east-1" else {}))
    if bucket.encryption:
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": bucket.encryption}}
        s3.put_bucket_encryption(Bucket=bucket.name, ServerSideEncryptionConfiguration={"Rules": [rule]})
    if bucket.has_public_policy:
        everybody = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}
        s3.put_bucket_policy(
            Bucket=bucket.name, Policy=_document([{**everybody, "Resource": f"arn:aws:s3:::{bucket.name}/*"}])
        )
    if bucket.has_public_acl:
        s3.put_bucket_acl(Bucket=bucket.name, ACL="public-read")
    if bucket.is_blocked:
        s3.put_public_access_block(Bucket=bucket.name, PublicAccessBlockConfiguration=_ALL_BLOCKS)
    if bucket.is_versioned:
        s3.put_bucket_versioning(Bucket=bucket.name, VersioningConfiguration={"Status": "Enabled"})
    if bucket.logs_to:
        target = {"TargetBucket": bucket.logs_to, "TargetPrefix": f"{bucket.name}/"}
        s3.put_bucket_acl(Bucket=bucket.logs_to, ACL="log-delivery-write")
        s3.put_bucket_logging(Bucket=bucket.name, BucketLoggingStatus={"LoggingEnabled": target})
    if bucket.tags:
        s3.put_bucket_tagging(Bucket=bucket.name, Tagging={"TagSet": _tags(bucket.tags)})


def _user(iam: Any, user: User) -> None:
    from moto.iam.models import iam_backends

    iam.create_user(UserName=user.name, Tags=_tags(user.tags))
    if user.has_password:
        iam.create_login_profile(UserName=user.name, Password="Pa55-" + user.name)
    if user.has_mfa:
        device = iam.create_virtual_mfa_device(VirtualMFADeviceName=user.name)["VirtualMFADevice"]["SerialNumber"]
        iam.enable_mfa_device(
            UserName=user.name, SerialNumber=device, AuthenticationCode1="123456", AuthenticationCode2="654321"
        )
    for days, status in user.keys:
        key = iam.create_access_key(UserName=user.name)["AccessKey"]["AccessKeyId"]
        iam.update_access_key(UserName=user.name, AccessKeyId=key, Status=status)
        # AWS sets the day itself, and so does moto: there is no call for it.
        iam_backends[user.account]["aws"].access_keys[key].create_date = datetime.now(UTC) - timedelta(days=days)


def _group(ec2: Any, group: Group) -> None:
    made = ec2.create_security_group(GroupName=group.name, Description=f"The group {group.name}.")["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=made, IpPermissions=[_permission(*rule) for rule in group.rules])


def _permission(protocol: str, first: int, last: int, source: str) -> dict[str, Any]:
    ranges = {"Ipv6Ranges": [{"CidrIpv6": source}]} if ":" in source else {"IpRanges": [{"CidrIp": source}]}
    return {"IpProtocol": protocol, **({"FromPort": first, "ToPort": last} if first >= 0 else {}), **ranges}


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _policy(actions: list[str]) -> str:
    return _document([{"Effect": "Allow", "Action": actions, "Resource": "*"}])


def _document(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
