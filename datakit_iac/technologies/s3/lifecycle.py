"""How long a bucket keeps the objects of a DataSet: one rule of its lifecycle for each prefix."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from datakit_iac.manifest.values.duration import kept_seconds
from datakit_iac.technologies.s3 import snapshot
from datakit_iac.technologies.s3.objects import Objects
from datakit_iac.technologies.s3.opening import refusals

_RULE: Final = "datakit "
DAY: Final = 86400
_CHANGING: Final = threading.Lock()
"""All rules of a bucket are written at once, and the DataSets of an update are made at the same time."""


def days(retention: str) -> int | None:
    """The days of a retention, as a lifecycle counts them: whole ones, and never fewer than were asked for."""
    return math.ceil(kept_seconds(retention) / DAY) if retention else None


def keep(objects: Objects, prefix: str, retention: str) -> None:
    """Have the objects of a prefix removed after their time; never, where no retention is said."""
    wanted = _rule(objects, prefix, days(retention))
    with _CHANGING:
        before, more = _rules(objects)
        others = [rule for rule in before if rule.get("ID") != _name(prefix)]
        after = [*others, wanted] if wanted else others
        if any(_is_same(wanted, rule) for rule in before) if wanted else after == before:
            return
        with refusals("s3:PutLifecycleConfiguration", f"s3://{objects.bucket}"):
            if after:
                objects.client.put_bucket_lifecycle_configuration(
                    Bucket=objects.bucket, LifecycleConfiguration={"Rules": after}, **more
                )
            else:
                objects.client.delete_bucket_lifecycle(Bucket=objects.bucket)


def kept(objects: Objects, prefix: str) -> int | None:
    """After how many days the objects of a prefix are removed; None where no rule of ours says so."""
    rules = (rule for rule in _rules(objects)[0] if rule.get("ID") == _name(prefix))
    found = [
        rule["Expiration"].get("Days") for rule in rules if rule.get("Status") == "Enabled" and rule.get("Expiration")
    ]
    return found[0] if found else None


def _name(prefix: str) -> str:
    return f"{_RULE}{snapshot.folder(prefix)}"[:255]


def _rule(objects: Objects, prefix: str, after: int | None) -> dict[str, Any] | None:
    if after is None:
        return None
    return {
        "ID": _name(prefix),
        "Status": "Enabled",
        # The snapshot is elsewhere and stays: it says whose the prefix is.
        "Filter": {"Prefix": objects.full(snapshot.folder(prefix))},
        "Expiration": {"Days": after},
        "NoncurrentVersionExpiration": {"NoncurrentDays": after},
    }


def _is_same(wanted: Mapping[str, Any], rule: Mapping[str, Any]) -> bool:
    return all(rule.get(name) == value for name, value in wanted.items())


def _rules(objects: Objects) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The rules that are there, and what else must be written with them."""
    with refusals("s3:GetLifecycleConfiguration", f"s3://{objects.bucket}"):
        try:
            found = objects.client.get_bucket_lifecycle_configuration(Bucket=objects.bucket)
        except ClientError as fault:
            if fault.response["Error"].get("Code") != "NoSuchLifecycleConfiguration":
                raise
            return [], {}
    size = found.get("TransitionDefaultMinimumObjectSize")
    return found.get("Rules", []), {"TransitionDefaultMinimumObjectSize": size} if size else {}
