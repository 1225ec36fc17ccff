from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.manifest.values.types import DataType
from datakit_iac.runtimes.dbt import profile
from datakit_iac.runtimes.dbt.runtime import Dbt
from tests.runtimes.dbt.conftest import Shop


@pytest.fixture
def with_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """A technology whose profile has a password."""

    class Warehouse:
        module = "dbt.adapters.warehouse"
        default_schema = "public"

        def profile(self, output: BoundDataSet, schema: str, _: Sequence[BoundDataSet]) -> profile.Profile:
            env: dict[str, Secret] = {}
            target = {"type": "warehouse", "schema": schema, "password": profile.secret(output, "password", env)}
            return profile.Profile(target, env=env)

    monkeypatch.setattr(profile, "adapters", lambda: {"warehouse": Warehouse()})


def test_a_duckdb_profile_is_the_same_in_every_run(shop: Shop) -> None:
    job = shop.job("staging")
    first, second = (profile.profile(job.inputs, job.outputs).content for _ in range(2))
    assert first == second
    target = first["datakit"]["outputs"]["datakit"]
    assert target.pop("retries") == {"connect_attempts": 6, "retryable_exceptions": ["IOException"]}
    assert {**target, "threads": 0} == {
        "type": "duckdb", "path": str(shop.database), "schema": "main", "threads": 0, "keep_open": False,
    }  # fmt: skip
    assert profile.profile((), job.outputs).database == "warehouse"


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


def test_a_secret_stands_in_it_by_its_variable_only(shop: Shop, with_passwords: None) -> None:
    secret = Connection("warehouse", {}, {"password": Secret("hunter2")})
    made = profile.profile((), (replace(shop.dataset("a"), connection=secret),))
    assert made.target["password"] == "{{ env_var('DBT_ENV_SECRET_DATAKIT_WAREHOUSE__PASSWORD') }}"
    assert made.env["DBT_ENV_SECRET_DATAKIT_WAREHOUSE__PASSWORD"].reveal() == "hunter2"
    assert "hunter2" not in repr(made)


def test_the_secrets_of_two_stores_are_two(shop: Shop) -> None:
    env: dict[str, Secret] = {}
    for store, password in (("one", "hunter2"), ("the-other", "hunter3")):
        dataset = replace(shop.dataset("a", store=store), connection=Connection("x", {}, {"pwd": Secret(password)}))
        profile.secret(dataset, "pwd", env)
    assert {name: value.reveal() for name, value in env.items()} == {
        "DBT_ENV_SECRET_DATAKIT_ONE__PWD": "hunter2",
        "DBT_ENV_SECRET_DATAKIT_THE_OTHER__PWD": "hunter3",
    }


def test_a_job_is_checked_without_the_values_of_secrets(shop: Shop, with_passwords: None) -> None:
    elsewhere = Connection("warehouse")
    job = shop.job("staging")
    outputs = tuple(replace(each, connection=elsewhere) for each in job.outputs)
    assert Dbt().check(replace(job, outputs=outputs)) == []


def faulty(shop: Shop) -> list[tuple[list[BoundDataSet], list[BoundDataSet], str]]:
    a, files = shop.dataset("a"), Connection("files", {"path": "."})
    return [
        ([], [], "needs an output"),
        ([], [a, shop.dataset("b", store="other", path="b.duckdb")], "are in different Stores"),
        ([], [replace(a, connection=files)], "is in files, where dbt cannot write here; expected one of duckdb"),
        ([replace(a, connection=files)], [a], "dbt on DuckDB reads DuckDB files only"),
        ([replace(a, place=Place(prefix="a.csv"))], [a], "is not a table"),
    ]


@pytest.mark.parametrize("case", range(5))
def test_what_dbt_cannot_do_is_said(shop: Shop, case: int) -> None:
    inputs, outputs, says = faulty(shop)[case]
    with pytest.raises(ValueError, match=says):
        profile.profile(inputs, outputs)


def on_postgres(shop: Shop, name: str, table: str, **options: object) -> BoundDataSet:
    said = {"host": "db.x.io", "database": "shop", "user": "loader", **options}
    connection = Connection("postgres", said, {"password": Secret("hunter2")})
    return replace(shop.dataset(name, table), connection=connection)


def test_a_postgres_profile_has_the_password_in_a_variable(shop: Shop) -> None:
    made = profile.profile((on_postgres(shop, "raw", "raw.users"),), (on_postgres(shop, "a", "mart.a"),))

    variable = "DBT_ENV_SECRET_DATAKIT_WAREHOUSE__PASSWORD"
    assert {**made.target, "threads": 0} == {
        "type": "postgres", "host": "db.x.io", "port": 5432, "dbname": "shop", "user": "loader", "schema": "mart",
        "password": f"{{{{ env_var('{variable}') }}}}", "threads": 0, "sslmode": "prefer", "connect_timeout": 10,
    }  # fmt: skip
    assert [each.reveal() for each in made.env.values()] == ["hunter2"]
    assert "hunter2" not in str(made.content)
    assert (made.database, made.type_name(DataType.parse("json"))) == ("shop", "jsonb")


def test_the_schema_of_a_postgres_store_is_that_of_tables_without_one(shop: Shop) -> None:
    made = profile.profile((), (on_postgres(shop, "a", "a", schema="sales"),))
    assert (made.target["schema"], made.default_schema) == ("sales", "sales")


@pytest.mark.parametrize(
    ("table", "options", "message"),
    [
        ("raw.users", {"database": "crm"}, "is in postgres crm at db.x.io; dbt on Postgres reads the database it"),
        ("raw.users", {"host": "other"}, "is in postgres shop at other; dbt on Postgres reads the database it"),
        ("users", {"schema": "sales"}, "is in the schema sales of its Store, and a in public: name the schema"),
    ],
)
def test_what_dbt_on_postgres_cannot_read_is_said(
    shop: Shop, table: str, options: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        profile.profile((on_postgres(shop, "raw", table, **options),), (on_postgres(shop, "a", "mart.a"),))


def test_dbt_on_postgres_reads_no_duckdb_file(shop: Shop) -> None:
    with pytest.raises(ValueError, match="input raw is in duckdb; dbt on Postgres reads the database it writes to"):
        profile.profile((shop.dataset("raw", "raw.users"),), (on_postgres(shop, "a", "mart.a"),))
