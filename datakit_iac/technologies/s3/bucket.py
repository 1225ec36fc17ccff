"""How a bucket that a Store makes is set up: brought to what its connection says, and read back.

Each setting is one call to write and one to read. What a service does not implement is reported once, when it is
to be set, and is never taken for set. Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from datakit_iac.technologies.s3.bucket_settings import OURS, SETTINGS, Setting, tags
from datakit_iac.technologies.s3.objects import Objects
from datakit_iac.technologies.s3.opening import NotImplementedByServiceError, refusals
from datakit_iac.technologies.technology import StoreError


def make(objects: Objects, region: str | None) -> None:
    """Make the bucket; one that is ours already stays."""
    where = {} if region in (None, "us-east-1") else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    try:
        with refusals("s3:CreateBucket", objects.shown().rstrip("/")):
            objects.client.create_bucket(Bucket=objects.bucket, **where)
    except StoreError as fault:
        if "BucketAlreadyOwnedByYou" in str(fault):
            return
        if "BucketAlreadyExists" in str(fault):
            raise StoreError(
                f"bucket {objects.bucket} belongs to someone else: names of buckets are one of a kind in all of S3;"
                " choose another"
            ) from fault
        raise


def set_up(objects: Objects, options: Mapping[str, Any]) -> list[str]:
    """Bring the bucket to what the connection says; the settings that the service does not implement, in words."""
    notes = []
    for setting in SETTINGS:
        wanted = _wanted(setting, options)
        try:
            if wanted is not None and setting.read(objects, options) != wanted:
                setting.write(objects, wanted, options)
                if (found := setting.read(objects, options)) != wanted:
                    notes.append(
                        f"{setting.option} of bucket {objects.bucket} is {found!r} after it was set to {wanted!r}"
                    )
        except NotImplementedByServiceError:
            notes.append(f"{setting.option} of bucket {objects.bucket} is not set: the service does not implement it")
    return notes


def drift(objects: Objects, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a connection that the bucket does not have as they are said, each as it is."""
    found = {}
    for setting in SETTINGS:
        wanted = _wanted(setting, options)
        try:
            if wanted is not None and (live := setting.read(objects, options)) != wanted:
                found[setting.option] = live
        except NotImplementedByServiceError:
            continue
    return found


def is_ours(objects: Objects) -> bool:
    """Whether a Store has made the bucket."""
    try:
        return tags(objects).get(OURS) is not None
    except NotImplementedByServiceError:
        return False


def is_tagged(objects: Objects) -> bool:
    """Whether the bucket has tags."""
    try:
        return bool(tags(objects))
    except NotImplementedByServiceError:
        return False


def is_empty(objects: Objects) -> bool:
    """Whether there is no object in the whole bucket."""
    with refusals("s3:ListBucket", f"s3://{objects.bucket}"):
        return not objects.client.list_objects_v2(Bucket=objects.bucket, MaxKeys=1).get("Contents")


def _wanted(setting: Setting, options: Mapping[str, Any]) -> object:
    said = options.get(setting.option)
    if said is not None:
        return said
    if setting.option == "denyPlainHttp" and str(options.get("endpoint", "")).startswith("http://"):
        return None
    return setting.default
