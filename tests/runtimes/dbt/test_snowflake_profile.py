from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from typing import Any

import pytest

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.runtimes.dbt import profile
from datakit_iac.technologies.snowflake import dbt

SAID = {"account": "acme", "database": "shop", "user": "loader", "role": "loader", "warehouse": "small"}


def dataset(name: str, store: str = "w", table: str = "mart.a", secret: str = "password", **more: Any) -> BoundDataSet:
    connection = Connection("snowflake", {**SAID, **more}, {secret: Secret("hunter2")})
    return BoundDataSet(name, store, connection, Place(table=table))


@pytest.mark.parametrize(
    ("secret", "expected"),
    [
        ("password", {"password": "PASSWORD"}),
        ("privateKey", {"private_key": "PRIVATEKEY"}),
        ("token", {"token": "TOKEN", "authenticator": "oauth"}),
    ],
)
def test_a_profile_signs_in_as_its_store_does(secret: str, expected: dict[str, str]) -> None:
    made = profile.profile((), [dataset("a", secret=secret)])
    written = {
        name: text if name == "authenticator" else f"{{{{ env_var('DBT_ENV_SECRET_DATAKIT_W__{text}') }}}}"
        for name, text in expected.items()
    }
    said = {**SAID, "database": "SHOP", "type": "snowflake", "schema": "mart", "query_tag": "datakit"}
    assert {**made.target, "threads": 0} == {**said, **written, "threads": 0}
    assert [each.reveal() for each in made.env.values()] == ["hunter2"]
    assert "hunter2" not in str(made.content)


def test_other_databases_of_the_account_are_read_and_other_accounts_are_refused() -> None:
    made = profile.profile([dataset("b", "lake", "raw.b", database="lake")], [dataset("a")])
    assert (made.database, made.databases) == ("SHOP", {"lake": "LAKE"})
    with pytest.raises(ValueError, match="input b is in snowflake account other; dbt on Snowflake reads the account"):
        profile.profile([dataset("b", account="other")], [dataset("a")])
    with pytest.raises(ValueError, match="input b is in the schema RAW of its Store, and a in PUBLIC: name the schema"):
        profile.profile([dataset("b", table="b", schema="raw")], [dataset("a")])


def test_a_missing_adapter_is_told_before_anything_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(dbt, "version", missing)
    with pytest.raises(ValueError, match=r"pip install 'datakit-iac\[dbt-snowflake\]'"):
        profile.profile((), [dataset("a")])
