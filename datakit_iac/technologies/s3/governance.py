"""What a DataSet asks of the bucket that it is in: how long it is kept, how closely it is held, whose data it is."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.technologies.s3 import bucket, bucket_settings, lifecycle
from datakit_iac.technologies.s3.objects import Objects
from datakit_iac.technologies.s3.opening import NotImplementedByServiceError
from datakit_iac.technologies.s3.tags import CLASSIFICATION, PII, tags

_CLASSES: Final = ("public", "internal", "confidential", "restricted")


def govern(objects: Objects, dataset: BoundDataSet) -> list[str]:
    """Have the bucket keep a DataSet as it asks; what was left undone, in words.

    Only a bucket that a Store has made is changed. Its tags are those of the strictest DataSet that ever was in it.
    """
    if not bucket.is_ours(objects):
        if not dataset.retention:
            return []
        return [
            f"retention of {dataset.name} is not set in bucket {objects.bucket}, which no Store made (`create: true`);"
            " have its owner add a lifecycle rule"
        ]
    notes = []
    try:
        lifecycle.keep(objects, str(dataset.place), dataset.retention)
    except NotImplementedByServiceError as missing:
        if dataset.retention:
            notes.append(f"retention of {dataset.name} is not set: {missing}")
    try:
        before = bucket_settings.tags(objects)
        if (after := {**before, **_stricter(before, tags(dataset))}) != before:
            bucket_settings.tag(objects, after)
    except NotImplementedByServiceError as missing:
        notes.append(f"the bucket of {dataset.name} is not tagged: {missing}")
    return notes


def drift(objects: Objects, dataset: BoundDataSet) -> dict[str, Any]:
    """What a bucket that a Store has made says otherwise than a DataSet, by the names of its inputs."""
    if not bucket.is_ours(objects):
        return {}
    found: dict[str, Any] = {}
    with suppress(NotImplementedByServiceError):
        kept = lifecycle.kept(objects, str(dataset.place))
        if kept != lifecycle.days(dataset.retention):
            found["retention"] = "" if kept is None else f"{kept}d"
    with suppress(NotImplementedByServiceError):
        before = bucket_settings.tags(objects)
        if {**before, **_stricter(before, tags(dataset))} != before:
            found["classification"] = before.get(CLASSIFICATION)
    return found


def _stricter(before: dict[str, str], wanted: dict[str, str]) -> dict[str, str]:
    found = dict(wanted)
    known = before.get(CLASSIFICATION, "")
    if known in _CLASSES and CLASSIFICATION in wanted:
        found[CLASSIFICATION] = max(known, wanted[CLASSIFICATION], key=_CLASSES.index)
    if before.get(PII) == "true" and PII in wanted:
        found[PII] = "true"
    return found
