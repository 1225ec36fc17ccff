"""Users of IAM and their access keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from itertools import chain
from typing import Any, Final

from datakit_aws.accounts import Caller
from datakit_aws.side_by_side import each

_GONE: Final = ("NoSuchEntity",)
"""The user was deleted since it was listed, or has none of it."""


def iam_users(caller: Caller) -> Iterator[Mapping[str, Any]]:
    """All users of an account."""
    yield from each(lambda user: _user(caller, user), _users(caller))


def iam_access_keys(caller: Caller) -> Iterator[Mapping[str, Any]]:
    """All access keys of all users of an account."""
    today = datetime.now(UTC).date()
    yield from chain.from_iterable(each(lambda user: _keys(caller, user["UserName"], today), _users(caller)))


def _users(caller: Caller) -> list[Mapping[str, Any]]:
    return list(caller.pages("iam", "list_users", "Users"))


def _user(caller: Caller, user: Mapping[str, Any]) -> Mapping[str, Any]:
    name = user["UserName"]
    devices = caller.pages("iam", "list_mfa_devices", "MFADevices", _GONE, UserName=name)
    tags = caller.pages("iam", "list_user_tags", "Tags", _GONE, UserName=name)
    return {
        "account_id": caller.account,
        "user_name": name,
        "arn": user["Arn"],
        "created_on": user["CreateDate"].date(),
        "has_password": bool(caller.call("iam", "get_login_profile", _GONE, UserName=name)),
        "password_last_used_on": _day(user.get("PasswordLastUsed")),
        "mfa_devices": sum(1 for _ in devices),
        "tags": {tag["Key"]: tag["Value"] for tag in tags},
    }


def _keys(caller: Caller, user: str, today: date) -> list[Mapping[str, Any]]:
    keys = caller.pages("iam", "list_access_keys", "AccessKeyMetadata", _GONE, UserName=user)
    return [_key(caller, key, today) for key in keys]


def _key(caller: Caller, key: Mapping[str, Any], today: date) -> Mapping[str, Any]:
    used = caller.call("iam", "get_access_key_last_used", AccessKeyId=key["AccessKeyId"])
    return {
        "account_id": caller.account,
        "user_name": key["UserName"],
        "access_key_id": key["AccessKeyId"],
        "status": key["Status"],
        "created_on": key["CreateDate"].date(),
        "last_used_on": _day(used["AccessKeyLastUsed"].get("LastUsedDate")),
        "observed_on": today,
    }


def _day(moment: datetime | None) -> date | None:
    """By the day: to the second it would be another one after each call that is made with the key."""
    return moment.astimezone(UTC).date() if moment else None
