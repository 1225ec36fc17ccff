"""A bucket as a Store, through the provider: made, set up, watched for drift, filled, and made again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from datakit_iac.testing import Lifecycle
from tests.servers.s3 import S3Server, client
from tests.servers.sharing import shared
from tests.technologies.kits import s3_kit

SCHEMA = [{"name": "id", "type": "bigint", "primaryKey": True}, {"name": "email", "type": "text", "pii": True}]


@pytest.fixture
def lake(tmp_path: Path) -> dict[str, Any]:
    connection = s3_kit(tmp_path).connection
    secrets = {name: each.reveal() for name, each in connection.secrets.items()}
    return {"name": "lake", "technology": "s3", "connection": dict(connection.options), "secrets": secrets}


def test_a_bucket_is_made_once_and_what_others_change_is_brought_back(
    lifecycle: Lifecycle, lake: dict[str, Any]
) -> None:
    service, bucket = client(shared(S3Server)), lake["connection"]["bucket"]
    store = lifecycle.subject("datakit:index:Store", "lake")
    store.up({**lake, "create": True})
    assert store.id == f"s3:{bucket}/lake@{lake['connection']['endpoint']}"
    (note,) = [each.text for each in lifecycle.messages if "does not implement" in each.text]
    assert note.startswith("blockPublicAccess of bucket")

    service.delete_bucket_encryption(Bucket=bucket)
    assert store.refresh()
    assert store.preview({**lake, "create": True}).kind == "update"
    store.up({**lake, "create": True})
    assert store.refresh()
    assert store.preview({**lake, "create": True}).kind == "same"

    users = lifecycle.subject("datakit:index:DataSet", "users")
    contract = {"name": "users", "store": lake, "prefix": "users/", "schema": SCHEMA, "classification": "restricted"}
    users.up({**contract, "retention": "30d"})
    rules = service.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    service.put_bucket_lifecycle_configuration(
        Bucket=bucket, LifecycleConfiguration={"Rules": [{**rules[0], "Expiration": {"Days": 1}}]}
    )
    assert users.refresh()
    assert users.preview({**contract, "retention": "30d"}).kind == "update"
    users.up({**contract, "retention": "30d"})
    assert service.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"][0]["Expiration"] == {"Days": 30}


def test_a_prefix_is_filled_once_and_again_after_its_bucket_was_removed(
    lifecycle: Lifecycle, lake: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("inbox").mkdir()
    Path("inbox/users.csv").write_text("id,email\n1,ann@x.io\n")
    inbox = {"name": "inbox", "technology": "files", "connection": {"path": "inbox"}}
    source = {"name": "raw", "store": inbox, "prefix": "users.csv", "external": True}
    target = {"name": "users", "store": lake, "prefix": "users/", "schema": SCHEMA}
    store = lifecycle.subject("datakit:index:Store", "lake")
    users = lifecycle.subject("datakit:index:DataSet", "users")
    load = lifecycle.subject("datakit:index:Run", "load")

    def run() -> dict[str, Any]:
        return {
            "transform": "load",
            "runtime": "cloudquery",
            "settings": {},
            "inputs": [source],
            "outputs": [target],
            "definition": "1",
            "versions": {"raw": "1"},
            "generations": {"users": users.outputs["generation"]},
        }

    store.up({**lake, "create": True})
    users.up(target)
    assert load.up(run()).kind == "create"
    assert load.outputs["counts"] == {"users": 1}
    assert load.outputs["written"]["users"].startswith("token:")
    assert load.up(run()).kind == "same"

    service, bucket = client(shared(S3Server)), lake["connection"]["bucket"]
    for each in service.list_objects_v2(Bucket=bucket)["Contents"]:
        service.delete_object(Bucket=bucket, Key=each["Key"])
    service.delete_bucket(Bucket=bucket)
    assert (store.refresh(), users.refresh()) == (False, False)
    store.up({**lake, "create": True})
    users.up(target)
    assert load.up(run()).kind == "update"
    assert load.outputs["counts"] == {"users": 1}
