"""`dk env` and `dk lock`: environments shown, compared and pinned."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.cli.conftest import Dk
from tests.manifest.writing import manifest, write

PROD = """
spec: {versions: exact, approval: multi-party, quotas: {memory: 64Gi}}
bindings:
  warehouse: {path: prod.duckdb}
  users: {table: live.users}
"""


@pytest.fixture
def two(project: Path) -> Path:
    """The project with a second environment."""
    write(project, manifest("Environment", "prod", PROD), file="environments/prod.yaml")
    return project


def test_env_list_is_the_catalog_of_environments(dk: Dk, two: Path) -> None:
    rows = dk("env", "list", "--output", "json").document["environments"]
    assert [(each["name"], each["versions"], each["approval"], each["approvals"], each["stores"]) for each in rows] == [
        ("dev", "ranges", "auto-merge", 0, []),
        ("prod", "exact", "multi-party", 2, ["warehouse"]),
    ]
    assert dk("env", "list").out.splitlines()[2].split()[:4] == ["prod", "exact", "multi-party", "(2)"]


def test_env_show_tells_rules_stores_places_and_versions(dk: Dk, two: Path) -> None:
    called = dk("env", "show", "prod", "--output", "json")
    assert called.code == 0
    shown = called.document
    assert (shown["name"], shown["rules"]["versions"]) == ("prod", "exact")
    assert shown["rules"]["approval"] == {"mode": "multi-party", "required": 2, "approvers": []}
    assert shown["datasets"]["users"] == {"store": "warehouse", "table": "live.users"}
    assert yaml.safe_load(dk("env", "show", "prod", "--output", "yaml").out) == shown
    assert "    table: live.users" in dk("env", "show", "prod").out.splitlines()


def test_env_show_hides_secrets(dk: Dk, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROD_PASSWORD", "hunter2-planted")
    snowflake = (
        "bindings:\n  warehouse: {type: snowflake, account: acme, database: RAW, user: loader, "
        "authenticator: 'https://example.com', secrets: {password: '${PROD_PASSWORD}'}}\n"
    )
    write(project, manifest("Environment", "prod", snowflake), file="environments/prod.yaml")
    clear = snowflake.replace("https://", "https://me:hunter2-planted@")
    write(project, manifest("Environment", "stage", clear), file="environments/stage.yaml")
    for output in ("text", "json", "yaml"):
        called = dk("env", "show", "prod", "--output", output)
        assert "${PROD_PASSWORD}" in called.out
        assert "snowflake" in called.out
        assert "hunter2-planted" not in called.out + called.err
        called = dk("env", "show", "stage", "--output", output)
        assert "hunter2-planted" not in called.out + called.err
    assert "hunter2-planted" not in dk("env", "diff", "prod", "stage").out


def test_env_diff_tells_what_differs_and_nothing_else(dk: Dk, two: Path) -> None:
    called = dk("env", "diff", "dev", "prod", "--output", "json")
    assert called.code == 0
    found = {each["path"]: each["values"] for each in called.document["differences"]}
    assert found == {
        "rules.versions": ["ranges", "exact"],
        "rules.approval.mode": ["auto-merge", "multi-party"],
        "rules.approval.required": [0, 2],
        "rules.quotas.memory": [None, "64Gi"],
        "stores.warehouse.connection.path": ["warehouse.duckdb", "prod.duckdb"],
        "datasets.users.table": ["users", "live.users"],
    }
    assert len(dk("env", "diff", "dev", "prod").out.splitlines()) == len(found) + 1


def test_env_diff_of_one_with_itself_is_empty(dk: Dk, two: Path) -> None:
    called = dk("env", "diff", "dev", "dev")
    assert (called.code, called.out, called.err) == (0, "", "dev and dev do not differ\n")


@pytest.mark.parametrize("words", [("env", "show", "prdo"), ("env", "diff", "dev", "prdo"), ("lock", "--env", "prdo")])
def test_an_unknown_environment_is_a_fault_of_usage(dk: Dk, two: Path, words: tuple[str, ...]) -> None:
    called = dk(*words)
    assert called.code == 2
    assert "did you mean 'prod'?" in called.err


@pytest.mark.parametrize("words", [("env", "show", "dev"), ("env", "diff", "dev", "prod"), ("lock",)])
def test_a_project_that_cannot_be_read_is_told(dk: Dk, two: Path, words: tuple[str, ...]) -> None:
    write(two, "apiVersion: datakit.infoblox.dev/v1alpha1\nkind: Nothing\n", file="store/broken.yaml")
    called = dk(*words)
    assert (called.code, called.out) == (1, "")
    assert "unknown-kind" in called.err


def test_lock_writes_the_versions_of_every_environment_and_checks_them(dk: Dk, two: Path) -> None:
    missing = dk("lock", "--check", "--output", "json")
    assert missing.code == 1
    assert [each["code"] for each in missing.document["findings"]] == ["lock-missing"] * 2
    written = dk("lock")
    assert (written.code, written.out) == (0, "datakit.lock written: dev, prod\n")
    assert dk("lock").out == "datakit.lock is up to date: dev, prod\n"
    assert dk("lock", "--check").code == 0
    file = two / "connector/duckdb.yaml"
    file.write_text(file.read_text().replace("1.4.2", "1.4.3"))
    outdated = dk("lock", "--check", "--env", "prod", "--output", "json")
    assert outdated.code == 1
    assert {each["code"] for each in outdated.document["findings"]} == {"lock-outdated"}


def test_lock_of_one_environment_leaves_the_others(dk: Dk, two: Path) -> None:
    dk("lock")
    before = yaml.safe_load((two / "datakit.lock").read_text())["environments"]
    file = two / "connector/duckdb.yaml"
    file.write_text(file.read_text().replace("1.4.2", "1.4.3"))
    assert dk("lock", "--env", "dev").code == 0
    after = yaml.safe_load((two / "datakit.lock").read_text())["environments"]
    assert after["prod"] == before["prod"]
    assert after["dev"]["connectors"]["duckdb"]["version"] == "1.4.3"


def test_lock_forgets_an_environment_that_is_gone(dk: Dk, two: Path) -> None:
    dk("lock")
    (two / "environments/prod.yaml").unlink()
    dk("lock", "--env", "dev")
    assert list(yaml.safe_load((two / "datakit.lock").read_text())["environments"]) == ["dev"]


def test_lock_writes_nothing_where_no_version_fits(dk: Dk, two: Path) -> None:
    store = two / "store/warehouse.yaml"
    store.write_text(store.read_text().replace("connector: duckdb", "connector: duckdb, connectorVersion: ^2.0"))
    called = dk("lock")
    assert called.code == 1
    assert "connector-version" in called.err
    assert not (two / "datakit.lock").exists()
