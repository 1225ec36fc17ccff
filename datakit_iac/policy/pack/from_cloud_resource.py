"""Resources of other providers that hold data or load it: which, and where they say what rules ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from datakit_iac.manifest.models.section import sections
from datakit_iac.manifest.values.quantity import amount
from datakit_iac.policy.model import DataSetFacts, TransformFacts
from datakit_iac.policy.pack.from_resource import image_reference
from datakit_iac.policy.pack.resource import ObservedResource

DATA: Final[Mapping[str, str]] = {
    "aws:dynamodb/table:Table": "tags",
    "aws:msk/cluster:Cluster": "tags",
    "aws:rds/cluster:Cluster": "tags",
    "aws:rds/instance:Instance": "tags",
    "aws:redshift/cluster:Cluster": "tags",
    "aws:s3/bucket:Bucket": "tags",
    "aws:s3/bucketV2:BucketV2": "tags",
    "azure-native:storage:StorageAccount": "tags",
    "gcp:bigquery/dataset:Dataset": "labels",
    "gcp:bigquery/table:Table": "labels",
    "gcp:storage/bucket:Bucket": "labels",
    "kafka:index/topic:Topic": "",
    "postgresql:index/database:Database": "",
    "postgresql:index/schema:Schema": "",
    "snowflake:index/database:Database": "",
    "snowflake:index/schema:Schema": "",
    "snowflake:index/table:Table": "",
}
"""The types that hold data, each with the property of its tags; where that is empty, only the name is checked."""

JOBS: Final = ("kubernetes:batch/v1:CronJob", "kubernetes:batch/v1:Job")
"""The types that load data, where a container of theirs runs the tool of a runtime."""

_ON_TAGS: Final = frozenset({"classification-required", "owner-required", "naming", "custom"})
_ON_NAMES: Final = frozenset({"naming", "custom"})
_ON_JOBS: Final = frozenset({"exact-version-pins", "quotas", "naming", "custom"})


def rules_for(resource: ObservedResource) -> frozenset[str]:
    """The rules that can be asked of a resource: what it has no place to say is not required of it."""
    if resource.type in JOBS:
        return _ON_JOBS
    return _ON_TAGS if DATA[resource.type] else _ON_NAMES


def subject(resource: ObservedResource) -> DataSetFacts | TransformFacts | None:
    """The facts of a foreign resource; None for one that neither holds nor loads data."""
    if resource.type in DATA:
        return _data(resource)
    return _job(resource) if resource.type in JOBS else None


def _data(resource: ObservedResource) -> DataSetFacts:
    said = resource.properties
    tags = _tags(said.get(DATA[resource.type])) if DATA[resource.type] else {}
    return DataSetFacts(
        resource.name,
        store=resource.type.partition(":")[0],
        description=str(said.get("description") or said.get("comment") or ""),
        classification=tags.get("classification", ""),
        owner=tags.get("owner", ""),
        labels=tags,
        is_output=True,
    )


def _tags(tags: Any) -> dict[str, str]:
    """Tags by the last part of their names, in lower case: ``acme.io/Owner`` is an owner."""
    pairs = tags.items() if isinstance(tags, Mapping) else ()
    return {key.lower().replace(":", "/").rpartition("/")[2]: str(value) for key, value in pairs}


def _job(resource: ObservedResource) -> TransformFacts | None:
    spec = resource.properties.get("spec") or {}
    containers = list(_containers(spec))
    tools = [name for name, each in sections().items() if not each.runs_command]
    tool = next((tool for tool in tools for each in containers if tool in _words(each)), None)
    if tool is None:
        return None
    metadata = resource.properties.get("metadata") or {}
    return TransformFacts(
        resource.name,
        tool,
        trigger="schedule" if "schedule" in spec else "",
        cron="" if spec.get("suspend") else str(spec.get("schedule") or ""),
        labels=_tags(metadata.get("labels")),
        cpu=sum((_asked(each, "cpu") for each in containers), Decimal()),
        memory=sum((_asked(each, "memory") for each in containers), Decimal()),
        references=tuple(image_reference(str(each.get("image") or "")) for each in containers),
    )


def _containers(spec: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    job = (spec.get("jobTemplate") or {}).get("spec") or spec
    pod = (job.get("template") or {}).get("spec") or {}
    yield from (*(pod.get("initContainers") or ()), *(pod.get("containers") or ()))


def _words(container: Mapping[str, Any]) -> str:
    said = (container.get("image") or "", *(container.get("command") or ()), *(container.get("args") or ()))
    return " ".join(map(str, said))


def _asked(container: Mapping[str, Any], resource: str) -> Decimal:
    asked = ((container.get("resources") or {}).get("requests") or {}).get(resource)
    try:
        return amount(str(asked)) if asked else Decimal()
    except ValueError:  # Kubernetes refuses it; all else of the job is checked
        return Decimal()
