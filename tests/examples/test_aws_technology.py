"""The technology `aws` of the example: what it reads, and what it says of what it cannot read."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from datakit_aws.connection import AwsConnection
from datakit_aws.factory import Aws, AwsSource
from datakit_aws.inventory import IncompleteError, Inventory
from datakit_aws.plugin import opened
from datakit_aws.tables import TABLES
from endpoint.seed import ACCOUNTS, AUDIT, PRODUCTION, READER, STAGING
from endpoint.server import admin

from datakit_iac.sdk.cloudquery_plugins import PluginFault
from datakit_iac.sdk.technologies import BoundDataSet, Connection, Place, Secret
from tests.examples.conftest import EXAMPLE
from tests.examples.proxy import Proxy
from tests.examples.rights import Denied

REGIONS = ["eu-central-1", "us-east-1"]


def options(address: str, ids: tuple[str, ...] = ACCOUNTS, **more: Any) -> dict[str, Any]:
    roles = [{"id": each, "role": f"arn:aws:iam::{each}:role/{READER}"} for each in ids]
    return {"accounts": roles, "regions": REGIONS, "endpoint": address} | more


def secrets(endpoint: Mapping[str, Any]) -> dict[str, str]:
    key = endpoint["keys"][READER]
    return {"accessKeyId": key["id"], "secretAccessKey": key["secret"]}


def inventory(endpoint: Mapping[str, Any], address: str = "", **more: Any) -> Inventory:
    return Inventory(
        AwsConnection.model_validate({**options(address or endpoint["address"]), **secrets(endpoint), **more})
    )


def test_it_uses_the_public_surface_alone() -> None:
    files = [*(EXAMPLE / "technology").rglob("*.py")]
    imported = {
        name
        for file in files
        for node in ast.walk(ast.parse(file.read_text()))
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [])
        + ([each.name for each in node.names] if isinstance(node, ast.Import) else [])
        if name.startswith("datakit_iac")
    }
    assert {name.rpartition(".")[0] for name in imported} == {"datakit_iac.sdk"}


def test_all_pages_of_all_accounts_and_regions_are_read(endpoint: dict[str, Any]) -> None:
    rows = inventory(endpoint).read(TABLES)
    users = Counter(row["account_id"] for row in rows["iam_users"])
    assert users == {PRODUCTION: 31, STAGING: 2, AUDIT: 2}
    keys = Counter(row["user_name"] for row in rows["iam_access_keys"] if row["account_id"] == PRODUCTION)
    assert (keys["dan"], keys["ann"], keys.total()) == (2, 1, 32)
    groups = Counter((row["account_id"], row["region"]) for row in rows["ec2_security_groups"])
    assert groups[PRODUCTION, "eu-central-1"] == 15
    assert {*groups} == {(account, region) for account in ACCOUNTS for region in REGIONS}
    assert {row["region"] for row in rows["s3_buckets"]} == {*REGIONS, "eu-west-1"}
    for name, table in TABLES.items():
        assert {tuple(row) for row in rows[name]} == {tuple(table.types)}


def test_a_throttled_call_is_made_again(endpoint: dict[str, Any], proxy: Proxy) -> None:
    calm = inventory(endpoint).read(TABLES)
    proxy.every = 20
    assert inventory(endpoint, f"http://127.0.0.1:{proxy.port}").read(TABLES) == calm
    assert min(proxy.refused[service] for service in ("s3", "iam", "ec2")) >= 1


def test_what_is_throttled_to_the_end_is_no_empty_result(
    endpoint: dict[str, Any], proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datakit_aws.accounts.ATTEMPTS", 2)
    proxy.every = 1
    with pytest.raises(IncompleteError) as refused:
        inventory(endpoint, f"http://127.0.0.1:{proxy.port}").read(["ec2_security_groups"])
    assert refused.value.args[0].count("ec2:DescribeSecurityGroups: RequestLimitExceeded") == 6


def test_each_call_that_is_denied_is_named_with_its_table_account_and_region(endpoint: dict[str, Any]) -> None:
    denied = Denied(endpoint, STAGING, "iam:ListMFADevices", "ec2:DescribeSecurityGroups", "s3:GetBucketPolicyStatus")
    with denied, pytest.raises(IncompleteError) as refused:
        inventory(endpoint).read(TABLES)
    parts = [[*line.split(", ")[:2], line.split(": ")[2]] for line in str(refused.value).splitlines()]
    assert [(table, region.split(": ")[0], operation) for table, region, operation in parts] == [
        (f"s3_buckets: account {STAGING}", "region us-east-1", "s3:GetBucketPolicyStatus"),
        (f"iam_users: account {STAGING}", "region eu-central-1", "iam:ListMFADevices"),
        (f"ec2_security_groups: account {STAGING}", "region eu-central-1", "ec2:DescribeSecurityGroups"),
        (f"ec2_security_groups: account {STAGING}", "region us-east-1", "ec2:DescribeSecurityGroups"),
    ]
    assert all("AccessDenied" in line or "Unauthorized" in line for line in str(refused.value).splitlines())


def test_a_role_that_may_not_be_assumed_is_named(endpoint: dict[str, Any]) -> None:
    with pytest.raises(IncompleteError, match=f"account {PRODUCTION}.*sts:"):
        inventory(endpoint, secretAccessKey="wrong").demand_accounts()


def test_credentials_of_another_account_are_refused(endpoint: dict[str, Any]) -> None:
    wrong = inventory(endpoint, accounts=[{"id": STAGING}])
    with pytest.raises(IncompleteError, match=f"account {STAGING}: its credentials are those of account {AUDIT}"):
        wrong.read(["iam_users"])


def test_the_sdk_finds_credentials_and_profiles_by_itself(
    endpoint: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = endpoint["keys"][READER]
    shared = f"[profile audit]\naws_access_key_id={key['id']}\naws_secret_access_key={key['secret']}\n"
    (tmp_path / "config").write_text(shared)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")  # where a Store is, its manifest says
    accounts = [{"id": AUDIT, "profile": "audit"}]
    Inventory(AwsConnection.model_validate(options(endpoint["address"], accounts=accounts))).demand_accounts()
    monkeypatch.setenv("AWS_PROFILE", "audit")
    Inventory(AwsConnection.model_validate(options(endpoint["address"]))).demand_accounts()
    assert {"AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE"} <= AwsSource.variables


def test_no_credentials_at_all_is_told(endpoint: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in AwsSource.variables:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(IncompleteError, match=f"account {AUDIT}.*Unable to locate credentials"):
        Inventory(AwsConnection.model_validate(options(endpoint["address"], (AUDIT,)))).demand_accounts()


def test_a_version_changes_with_what_is_there_and_with_nothing_else(endpoint: dict[str, Any]) -> None:
    reached = Connection("aws", options(endpoint["address"]), {k: Secret(v) for k, v in secrets(endpoint).items()})
    users = BoundDataSet("cloud-users", "cloud", reached, Place(table="iam_users"))
    iam = admin(endpoint, STAGING, "iam", "us-east-1")

    def version() -> object:
        with Aws().open(reached) as session:
            return session.data_version(users)

    before = version()
    assert version() == before
    iam.tag_user(UserName="gina", Tags=[{"Key": "email", "Value": "gina@example.com"}])
    assert version() != before
    iam.untag_user(UserName="gina", TagKeys=["email"])
    assert version() == before


def test_a_location_is_the_accounts_and_tells_them() -> None:
    reached = Connection("aws", options("http://127.0.0.1:1", (STAGING, PRODUCTION)))
    location = Aws().location(reached)
    assert location == f"aws:{PRODUCTION},{STAGING}@http://127.0.0.1:1"
    assert Aws().location(Aws().at(location)) == location
    assert Aws().location(Connection("aws", {**reached.options, "regions": ["eu-west-1"]})) == location


@pytest.mark.parametrize(
    ("given", "path", "text"),
    [
        ({"accounts": [{"id": 111111111111}]}, ("accounts", 0, "id"), "accounts.0.id is 111111111111; expected"),
        ({"accounts": [{"id": STAGING, "role": "inventory"}]}, ("accounts", 0, "role"), "accounts.0.role is"),
        ({"accounts": [{"id": STAGING, "role": f"arn:aws:iam::{AUDIT}:role/x"}]}, ("accounts", 0), "the role of acc"),
        ({"accounts": [{"id": STAGING}, {"id": STAGING}]}, (), "accounts has 222222222222 more than once"),
        ({"accounts": []}, ("accounts",), "accounts is"),
        ({"accounts": [{"id": STAGING, "rolle": "x"}]}, ("accounts", 0, "rolle"), "did you mean 'role'?"),
        ({"accounts": [{"role": f"arn:aws:iam::{AUDIT}:role/x"}]}, ("accounts", 0, "id"), "aws needs `accounts.0.id`"),
        ({"regions": ["Frankfurt"]}, ("regions", 0), "regions.0 is"),
        ({"sessionToken": "FwoG"}, ("sessionToken",), "sessionToken is a secret of aws"),
    ],
)
def test_a_connection_that_is_wrong_is_told_at_its_field(given: Any, path: tuple[Any, ...], text: str) -> None:
    faults = Aws().check(Connection("aws", {"accounts": [{"id": AUDIT}], "regions": REGIONS, **given}))
    assert [each.path for each in faults] == [path]
    assert text in str(faults[0])


def test_a_contract_with_a_column_that_aws_does_not_tell_is_refused() -> None:
    columns = [{"name": "user_name", "type": "string"}, {"name": "shoe_size", "type": "integer"}]
    with pytest.raises(PluginFault, match=r"raw\.users: iam_users has no column shoe_size; its columns are account_id"):
        opened({"connection": {}, "tables": [{"name": "raw.users", "reads": "iam_users", "columns": columns}]})
    with pytest.raises(PluginFault, match="leave the quarantine out"):
        opened({"connection": {}, "tables": [], "quarantine": "raw.rejected"})


def test_a_table_that_there_is_not_is_told_before_anything_is_asked() -> None:
    there = BoundDataSet("cloud-roles", "cloud", Connection("aws"), Place(table="iam_roles"))
    assert AwsSource().missing(there) == [
        "cloud-roles: there is no table iam_roles; the tables of aws are ec2_ingress_rules, ec2_security_groups,"
        " iam_access_keys, iam_users, s3_buckets"
    ]
