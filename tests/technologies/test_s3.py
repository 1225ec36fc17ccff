"""What is S3's own, on a real server: how buckets are set up, what a snapshot names, and what goes wrong."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from datakit_iac.contract.connection import Connection
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.technologies.s3.factory import S3
from datakit_iac.technologies.s3.objects import Objects
from datakit_iac.technologies.technology import StoreError
from datakit_iac.testing import MARK, TechnologyKit
from tests.servers.moto import Moto
from tests.servers.s3 import S3Server, client
from tests.servers.sharing import shared
from tests.technologies.kits import column, s3_kit


@pytest.fixture
def kit(tmp_path: Path) -> TechnologyKit:
    return s3_kit(tmp_path)


@pytest.fixture
def service() -> Any:
    return client(shared(S3Server))


def objects_of(kit: TechnologyKit) -> Objects:
    return Objects(kit.connection.options, {name: each.reveal() for name, each in kit.connection.secrets.items()})


def with_options(kit: TechnologyKit, **options: Any) -> TechnologyKit:
    return replace(kit, connection=replace(kit.connection, options={**kit.connection.options, **options}))


def test_a_bucket_that_is_made_is_set_up_and_what_others_change_is_seen(kit: TechnologyKit, service: Any) -> None:
    kit = with_options(kit, versioning=True, tags={"team": "data"})
    bucket = kit.connection.options["bucket"]
    with S3().open(kit.connection, create=True) as session:
        session.configure()
        notes = session.notes()
        assert session.configured() == {}
        session.configure()
    assert notes == [f"blockPublicAccess of bucket {bucket} is not set: the service does not implement it"]
    rule = service.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert service.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert {"Key": "team", "Value": "data"} in service.get_bucket_tagging(Bucket=bucket)["TagSet"]

    service.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    service.delete_bucket_encryption(Bucket=bucket)
    service.put_bucket_tagging(
        Bucket=bucket, Tagging={"TagSet": [{"Key": "datakit", "Value": "store"}, {"Key": "team", "Value": "theirs"}]}
    )
    with S3().open(kit.connection) as session:
        assert session.configured() == {"versioning": False, "encryption": "none", "tags": {"team": "theirs"}}
        session.configure()
        assert session.configured() == {}


def test_what_only_some_services_keep_is_set_and_read_back_there(kit: TechnologyKit) -> None:
    facts = shared(Moto)
    options = {"bucket": f"lake-{time.time_ns()}", "endpoint": facts["endpoint"]}
    secrets = {"accessKeyId": Secret("any"), "secretAccessKey": Secret("any")}
    service = client({**facts, "access_key_id": "any", "secret_access_key": "any"})
    with S3().open(Connection("s3", options, secrets), create=True) as session:
        session.configure()
        assert session.notes() == []
        blocked = service.get_public_access_block(Bucket=options["bucket"])["PublicAccessBlockConfiguration"]
        assert all(blocked.values())
        service.delete_public_access_block(Bucket=options["bucket"])
        assert session.configured() == {"blockPublicAccess": False}
        colder = [{"Days": 7, "StorageClass": "GLACIER"}]
        rule = {"ID": "theirs", "Status": "Enabled", "Filter": {"Prefix": "users/"}, "Transitions": colder}
        service.put_bucket_lifecycle_configuration(Bucket=options["bucket"], LifecycleConfiguration={"Rules": [rule]})
        users = replace(kit, connection=Connection("s3", options, secrets)).dataset(retention="30d")
        session.create(users, MARK)
        theirs, ours = service.get_bucket_lifecycle_configuration(Bucket=options["bucket"])["Rules"]
        assert (theirs["Transitions"], ours["Expiration"]) == (colder, {"Days": 30})
    # It is refused in a manifest whose endpoint is plain HTTP, which it would shut out; this service enforces none.
    with S3().open(Connection("s3", {**options, "denyPlainHttp": True}, secrets)) as session:
        assert session.configured()["denyPlainHttp"] is False
        session.configure()
        assert "denyPlainHttp" not in session.configured()
        policy = json.loads(service.get_bucket_policy(Bucket=options["bucket"])["Policy"])
        assert policy["Statement"][0]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_a_policy_that_denies_plain_http_is_enforced_and_so_refused_for_such_an_endpoint(
    kit: TechnologyKit, service: Any
) -> None:
    denying = with_options(kit, denyPlainHttp=True)
    (fault,) = S3().check(denying.connection)
    assert "would shut out this Store" in str(fault)
    with S3().open(denying.connection, create=True) as session, pytest.raises(StoreError, match="access denied"):
        session.configure()
    with pytest.raises(service.exceptions.ClientError, match="AccessDenied"):
        service.put_object(Bucket=kit.connection.options["bucket"], Key="x", Body=b"")


def test_a_bucket_that_no_store_made_is_left_as_it_is(kit: TechnologyKit, service: Any) -> None:
    bucket = kit.connection.options["bucket"]
    service.create_bucket(Bucket=bucket)
    service.put_object(Bucket=bucket, Key="theirs", Body=b"")
    with S3().open(kit.connection, create=True) as session:
        session.configure()
        assert session.configured() == {}
        session.create(kit.dataset(retention="30d", classification="restricted"), MARK)
        left, note = session.notes()
    assert "was there before its Store" in left
    assert "retention of users is not set" in note
    with pytest.raises(service.exceptions.ClientError, match="NoSuchTagSet"):
        service.get_bucket_tagging(Bucket=bucket)


def test_retention_and_classification_of_a_dataset_are_those_of_its_bucket(kit: TechnologyKit, service: Any) -> None:
    bucket = kit.connection.options["bucket"]
    personal = kit.dataset(retention="P1M", classification="restricted", columns=(column("email", pii=True),))
    public = kit.dataset("flights", classification="public", columns=(column("id", pii=False),))
    with S3().open(kit.connection, create=True) as session:
        session.configure()
        session.create(personal, MARK)
        session.create(public, MARK)
        assert (session.terms(personal), session.terms(public)) == ({}, {})
        tags = {each["Key"]: each["Value"] for each in service.get_bucket_tagging(Bucket=bucket)["TagSet"]}
        assert (tags["datakit:classification"], tags["datakit:pii"]) == ("restricted", "true")
        (rule,) = service.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
        assert (rule["Filter"], rule["Expiration"]) == ({"Prefix": "lake/users/"}, {"Days": 30})

        rule["Expiration"]["Days"] = 1
        service.put_bucket_lifecycle_configuration(
            Bucket=bucket,
            LifecycleConfiguration={"Rules": [rule, {**rule, "ID": "theirs", "Filter": {"Prefix": "x/"}}]},
        )
        service.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "datakit", "Value": "store"}]})
        assert session.terms(personal) == {"retention": "1d", "classification": None}
        session.alter(personal, (), MARK)
        assert session.terms(personal) == {}
        session.drop(personal.place)
        (left,) = service.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
        assert left["ID"] == "theirs"
