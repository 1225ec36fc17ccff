from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from datakit_iac.manifest.dataset import Place
from datakit_iac.manifest.secret import Secret
from datakit_iac.runtimes.dbt import profile
from datakit_iac.technologies.bound import BoundDataSet, Connection
from tests.runtimes.dbt.conftest import Shop


def test_a_duckdb_profile_is_the_same_in_every_run(shop: Shop) -> None:
    job = shop.job("staging")
    first, second = (profile.profile(job.inputs, job.outputs).content for _ in range(2))
    assert first == second
    target = first["datakit"]["outputs"]["datakit"]
    assert {**target, "threads": 0} == {
        "type": "duckdb", "path": str(shop.database), "schema": "main", "threads": 0, "keep_open": False,
    }  # fmt: skip


def test_the_schema_is_that_of_the_outputs(shop: Shop) -> None:
    outputs = [shop.dataset("a", "mart.a"), shop.dataset("b", "mart.b")]
    assert profile.profile((), outputs).target["schema"] == "mart"
    assert profile.profile((), outputs, names_schemas=True).target["schema"] == "main"
    assert profile.profile((), [*outputs, shop.dataset("c", "other.c")]).target["schema"] == "main"


def test_inputs_in_another_file_are_attached(shop: Shop) -> None:
    elsewhere = shop.dataset("rates", "fx.rates", "other-store", path="/data/fx.duckdb")
    made = profile.profile((elsewhere,), (shop.dataset("a"),))
    assert made.target["attach"] == [{"path": "/data/fx.duckdb", "alias": "datakit_other_store", "read_only": True}]
    assert made.databases == {"other-store": "datakit_other_store"}


def test_a_secret_stands_in_it_by_its_variable_only(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def warehouse(connection: Connection, schema: str, _: Sequence[BoundDataSet]) -> profile.Profile:
        env: dict[str, Secret] = {}
        target = {"type": "warehouse", "schema": schema, "password": profile.secret(connection, "password", env)}
        return profile.Profile(target, env=env)

    monkeypatch.setitem(profile.TECHNOLOGIES, "warehouse", warehouse)
    secret = Connection("warehouse", {}, {"password": Secret("hunter2")})
    made = profile.profile((), (replace(shop.dataset("a"), connection=secret),))
    assert made.target["password"] == "{{ env_var('DBT_ENV_SECRET_DATAKIT_PASSWORD') }}"
    assert made.env["DBT_ENV_SECRET_DATAKIT_PASSWORD"].reveal() == "hunter2"
    assert "hunter2" not in repr(made)


def faulty(shop: Shop) -> list[tuple[list[BoundDataSet], list[BoundDataSet], str]]:
    a, files = shop.dataset("a"), Connection("files", {"path": "."})
    return [
        ([], [], "needs an output"),
        ([], [a, shop.dataset("b", store="other", path="b.duckdb")], "lie in different Stores"),
        ([], [replace(a, connection=files)], "lies in files, where dbt cannot write here; expected one of duckdb"),
        ([replace(a, connection=files)], [a], "dbt on DuckDB reads DuckDB files only"),
        ([replace(a, place=Place(prefix="a.csv"))], [a], "is no table"),
    ]


@pytest.mark.parametrize("case", range(5))
def test_what_dbt_cannot_do_is_said(shop: Shop, case: int) -> None:
    inputs, outputs, says = faulty(shop)[case]
    with pytest.raises(ValueError, match=says):
        profile.profile(inputs, outputs)
