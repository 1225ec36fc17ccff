"""Roles and web identities by the SDK's own chain, against a service that checks signatures and what a role may do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from datakit_iac.contract.connection import Connection
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.runtimes.job import RunResult
from datakit_iac.runtimes.python import stores
from datakit_iac.technologies.ownership import Mark
from datakit_iac.technologies.s3 import opening
from datakit_iac.technologies.s3.factory import S3
from datakit_iac.technologies.technology import StoreError
from tests.runtimes.test_cloudquery_s3 import Lake
from tests.servers.moto import StrictMoto

pytestmark = pytest.mark.engine


class Account:
    """An account with a bucket, a role that may use it, and a user who may do nothing but become that role."""

    def __init__(self, server: StrictMoto) -> None:
        self.endpoint = server.facts()["endpoint"]
        self._client("s3").create_bucket(Bucket="lake")
        iam = self._client("iam")
        user = iam.create_user(UserName="ann")["User"]["Arn"]
        trusted = _allowing("sts:AssumeRole", Principal={"AWS": user})
        self.role = iam.create_role(RoleName="loader", AssumeRolePolicyDocument=trusted)["Role"]["Arn"]
        iam.put_role_policy(RoleName="loader", PolicyName="lake", PolicyDocument=_allowing("s3:*", Resource="*"))
        allowed = _allowing("sts:AssumeRole", Resource=self.role)
        iam.put_user_policy(UserName="ann", PolicyName="role", PolicyDocument=allowed)
        self.key = iam.create_access_key(UserName="ann")["AccessKey"]
        server.check_rights()

    def lake(self, **more: str) -> Connection:
        """The bucket, by the credentials that the SDK finds."""
        return Connection("s3", {"bucket": "lake", "endpoint": self.endpoint, **more})

    def _client(self, service: str) -> Any:
        keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
        return boto3.client(service, endpoint_url=self.endpoint, region_name="us-east-1", **keys)


def _allowing(action: str, **whom: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, **whom}]})


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    server = StrictMoto(tmp_path / "moto")
    server.start()
    try:
        made = Account(server)
        monkeypatch.setattr(opening, "_CLIENTS", {})
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", made.endpoint)
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield made
    finally:
        server.remove()


def test_a_role_is_assumed_by_the_profile_that_a_store_names(
    account: Account, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    profiles = tmp_path / "config"
    user = f"aws_access_key_id={account.key['AccessKeyId']}\naws_secret_access_key={account.key['SecretAccessKey']}"
    profiles.write_text(
        f"[profile ann]\n{user}\n[profile loader]\nrole_arn={account.role}\nsource_profile=ann\n"
        f"[profile other]\nrole_arn={account.role}s\nsource_profile=ann\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(profiles))
    with S3().open(account.lake(profile="loader")) as session:
        assert session.places("") == []
    with pytest.raises(StoreError, match="access denied; grant s3:ListBucket"), S3().open(account.lake(profile="ann")):
        pass
    with pytest.raises(StoreError) as refused, S3().open(account.lake(profile="other")):
        pass
    assert "s3://lake: the SDK could not assume a role: AccessDenied" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_web_identity_becomes_a_role_in_the_processes_of_jobs_too(
    account: Account, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text("header.claims.signature")
    monkeypatch.setenv("AWS_ROLE_ARN", account.role)
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
    lake = Lake(tmp_path, account.lake())
    with S3().open(lake.connection) as session:
        session.create(lake.target(), Mark("shop/dev", "a", "1f"))
    lake.write("1,x", "2,NA")
    assert lake.load() == RunResult({"a": 2}, ())
    assert lake.rows() == [(1, "x"), (2, None)]
    # A function reads and writes in its own process, which is given none of them where the Store has keys.
    assert {"AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"} <= stores.variables([lake.target()], [])
    keyed = replace(lake.connection, secrets={"accessKeyId": Secret("AK"), "secretAccessKey": Secret("s")})
    assert not stores.variables([replace(lake.target(), connection=keyed)], [])
