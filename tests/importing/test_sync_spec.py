"""CloudQuery specifications of all sorts as manifests: secrets, references, patterns, several documents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from datakit_iac.importing.cloudquery import Import
from datakit_iac.importing.sync_spec import SpecError, read
from datakit_iac.manifest.project import Project

TARGET = """\
kind: destination
spec:
  name: pg
  path: cloudquery/postgresql
  registry: cloudquery
  version: v8.6.6
  spec:
    connection_string: {}
"""
SOURCE = """\
kind: source
spec:
  name: crm
  path: acme/crm
  registry: cloudquery
  version: v1.2.3
  tables: [accounts, users]
  skip_tables: [us*]
  destinations: [pg]
  spec:
    token: hunter2-in-clear
    api_key: ${CRM_API_KEY}
    region: ${file:./region.txt}
    auth:
      password: another-secret
      user: ann
    note: ghp_0123456789abcdefghij
    scheduler: dfs
"""
FILES = """\
kind: source
spec:
  name: inbox
  path: datakit-source-files
  destinations: [pg]
  spec: {{tables: [{{name: t,
                   path: t.csv,
                   columns: {}}}]}}
---
kind: destination
spec: {{name: pg, path: cloudquery/duckdb, spec: {{connection_string: w.duckdb}}}}
"""
URL = "postgresql://ann:s3cr3t%40x@db.example.com:5433/crm?sslmode=require"


def _imported(folder: Path, text: str) -> tuple[dict[tuple[str, str], Any], list[str]]:
    file = folder / "sync.yml"
    file.write_text(text)
    result = Import(Project(folder), lambda path: path, lambda *_: None)
    sources, destinations, notes = read(file, "sync.yml")
    result.notes += notes
    result.of(sources, destinations)
    return {(each.manifest.kind, each.manifest.name): each.manifest for each in result.found}, result.notes


def test_secrets_are_references_and_in_no_manifest_or_note(tmp_path: Path) -> None:
    found, notes = _imported(tmp_path, f"{SOURCE}---\n{TARGET.format(URL)}")
    store = found["Store", "crm"].spec
    assert store.secrets == {"token": "${CRM_TOKEN}", "api_key": "${CRM_API_KEY}", "note": "${CRM_NOTE}"}
    assert store.connection == {
        "region": "${file:./region.txt}",
        "auth": {"password": "${CRM_AUTH_PASSWORD}", "user": "ann"},
        "scheduler": "dfs",
    }
    assert found["Store", "pg"].spec.secrets == {"password": "${PG_PASSWORD}"}
    assert found["Store", "pg"].spec.connection == {
        "host": "db.example.com", "port": 5433, "database": "crm", "user": "ann", "sslmode": "require",
    }  # fmt: skip
    everything = repr(found) + repr(notes)
    for secret in ("hunter2", "another-secret", "ghp_", "s3cr3t"):
        assert secret not in everything
    assert "sync.yml:11: token of source crm is a secret; its value was not written: set CRM_TOKEN to it" in notes
    assert any(each.startswith("sync.yml:15: auth.password of source crm") for each in notes)
    assert any(each.startswith("sync.yml:27: ") and "PG_PASSWORD" in each for each in notes), notes


def test_every_table_that_is_not_skipped_is_a_pair_of_datasets(tmp_path: Path) -> None:
    found, notes = _imported(tmp_path, f"{SOURCE}---\n{TARGET.format(URL)}")
    assert {name for kind, name in found if kind == "DataSet"} == {"accounts", "accounts-source"}
    transform = found["Transform", "crm"].spec
    assert [each.dataset for each in (*transform.inputs, *transform.outputs)] == ["accounts-source", "accounts"]
    assert transform.settings["writeMode"] == "overwrite-delete-stale"
    connector = found["Connector", "crm"].spec
    assert (connector.version, connector.plugin.source.reference) == ("1.2.3", "acme/crm:v1.2.3")
    assert not found["Connector", "postgres"].spec.plugin.sides
    assert any(
        "write `plugin: {destination: {registry: cloudquery, path: cloudquery/postgresql" in each for each in notes
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            SOURCE.replace("[accounts, users]", '["*"]') + "---\n" + TARGET.format(URL),
            "sync.yml:7: `tables` of source crm",
        ),
        (SOURCE.replace("[pg]", "[pq]") + "---\n" + TARGET.format(URL), "sync.yml:9: there is no destination 'pq'"),
        (
            SOURCE + "---\n" + TARGET.format(URL).replace("  spec:", "  write_mode: merge\n  spec:"),
            "sync.yml:26: write_mode",
        ),
        ("kind: source\nspec: {path: a}\n", "sync.yml:1: the source has no `spec` with a `name`"),
        ("kind: source\nspec: [\n", "not valid YAML"),
        (FILES.format("[id]"), "sync.yml:8: the columns of t are not mappings"),
        (FILES.format("[{type: integer}]"), "sync.yml:6: table t cannot be a DataSet: schema.0.name"),
        (FILES.format("[{name: id, type: whole}]"), "sync.yml:6: table t cannot be a DataSet: schema.0.type"),
    ],
)
def test_what_cannot_be_carried_over_is_refused_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(SpecError, match=r"^sync\.yml") as refused:
        _imported(tmp_path, text)
    assert told in str(refused.value)


def test_a_connection_string_that_only_a_variable_knows_is_a_secret(tmp_path: Path) -> None:
    found, _ = _imported(tmp_path, f"{SOURCE}---\n{TARGET.format('${PG_DSN}')}")
    assert found["Store", "pg"].spec.secrets == {"connection_string": "${PG_DSN}"}
    found, notes = _imported(tmp_path, f"{SOURCE}---\n{TARGET.format('${file:/run/dsn}')}")
    assert found["Store", "pg"].spec.secrets == {"connection_string": "${PG_CONNECTION_STRING}"}
    assert any("set PG_CONNECTION_STRING" in each for each in notes)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("postgres://ann@[::1]:5433/crm", "::1", 5433),
        ("postgres://db/crm", "db", None),
        ("host=db port=5434 dbname=crm", "db", 5434),
        ("postgres://ann:${PG_PASS}@db:5432/crm", "db", 5432),
    ],
)
def test_connection_strings_are_taken_apart(tmp_path: Path, text: str, host: str, port: int | None) -> None:
    found, _ = _imported(tmp_path, f"{SOURCE}---\n{TARGET.format(repr(text))}")
    store = found["Store", "pg"].spec
    assert (store.connection["host"], store.connection.get("port"), store.connection["database"]) == (host, port, "crm")
    assert store.secrets == ({"password": "${PG_PASS}"} if "PG_PASS" in text else {})


def test_several_sources_and_destinations(tmp_path: Path) -> None:
    lake = "kind: destination\nspec: {name: lake, path: cloudquery/s3, version: v1.0.0, spec: {bucket: b}}\n"
    other = SOURCE.replace("name: crm", "name: hr").replace("[pg]", "[pg, lake]").replace("acme/crm", "acme/hr")
    found, notes = _imported(
        tmp_path, "---\n".join([SOURCE, other, TARGET.format(URL), lake, "kind: other\nspec: {}\n"])
    )
    assert {name for kind, name in found if kind == "Transform"} == {"crm", "hr-to-pg", "hr-to-lake"}
    assert {name for kind, name in found if kind == "Store"} == {"crm", "hr", "pg", "lake"}
    assert any("kind 'other' is not carried over" in each for each in notes)
