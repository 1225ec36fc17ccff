"""Connections, held against what their Connector says of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from datakit_iac.findings.finding import Finding
from datakit_iac.findings.sensitive import gives_away
from datakit_iac.manifest.connections import connections
from datakit_iac.manifest.loading.loader import load
from tests.manifest.writing import manifest, only, write

SCHEMA = (
    "[{field: host}, {field: port, type: integer, default: 5432}, "
    "{field: ca, optional: true}, {field: pin, secret: true}]"
)
POSTGRES = manifest(
    "Connector", "pg", f"spec: {{type: pg, version: 1.4.2, capabilities: [source], connectionSchema: {SCHEMA}}}"
)
RIGHT = "{host: db}, secrets: {pin: '${PIN}'}"


def store(connection: str, fields: str = "") -> str:
    return manifest("Store", "crm", f"spec: {{connector: pg, connection: {connection}{fields}}}")


def found(root: Path, *documents: str) -> list[Finding]:
    return list(connections(load(write(root, *documents))))


def bound(binding: str) -> str:
    return manifest("Environment", "dev", f"bindings: {{crm: {binding}}}")


@pytest.mark.parametrize("connection", [RIGHT, RIGHT.replace("host: db", "host: db, port: 1, ca: x")])
def test_what_the_connector_asks_for_is_fine(tmp_path: Path, connection: str) -> None:
    assert found(tmp_path, POSTGRES, store(connection)) == []


@pytest.mark.parametrize(
    ("connection", "code", "path", "hint"),
    [
        (
            RIGHT.replace("host: db", "host: db, prot: 1"),
            "unknown-field",
            "spec.connection.prot",
            "did you mean 'port'?",
        ),
        (RIGHT.replace("host: db", "host: db, port: x"), "invalid-value", "spec.connection.port", ""),
        (RIGHT.replace("host: db", ""), "missing-field", "spec.connection", ""),
        ("{host: db}", "missing-field", "spec", "secrets: {pin: ${…}}"),
        (RIGHT.replace("{pin:", "{pim: '${A}', pin:"), "unknown-field", "spec.secrets.pim", "did you mean 'pin'?"),
        ("{host: db, pin: hunter2}", "literal-secret", "spec.connection.pin", "secrets: {pin: ${PIN}}"),
    ],
)
def test_what_it_does_not_ask_for_is_told(tmp_path: Path, connection: str, code: str, path: str, hint: str) -> None:
    fault = only(found(tmp_path, POSTGRES, store(connection)))
    assert (fault.code, fault.hint, fault.path.startswith(path)) == (code, hint, True), fault
    assert "hunter2" not in str(fault)


def test_a_binding_may_give_what_the_store_leaves_out(tmp_path: Path) -> None:
    assert found(tmp_path, POSTGRES, store("{}"), bound("{host: dev, secrets: {pin: '${PIN}'}}")) == []


def test_a_binding_is_held_to_the_same(tmp_path: Path) -> None:
    fault = only(found(tmp_path, POSTGRES, store(RIGHT), bound("{hots: dev}")))
    assert (fault.code, fault.path) == ("unknown-field", "bindings.crm.hots")


def test_a_binding_of_another_technology_is_not(tmp_path: Path) -> None:
    assert found(tmp_path, POSTGRES, store(RIGHT), bound("{type: duckdb, path: x}")) == []


@pytest.mark.parametrize("binding", ["{type: duckdb, password: hunter2}", "{host: 'postgresql://ann:hunter2@db'}"])
def test_a_secret_in_clear_is_reported_wherever_it_is(tmp_path: Path, binding: str) -> None:
    fault = only(found(tmp_path, POSTGRES, store(RIGHT), bound(binding)))
    assert (fault.code, "hunter2" in str(fault)) == ("literal-secret", False)


def test_without_a_schema_any_option_may_be_given(tmp_path: Path) -> None:
    plain = POSTGRES.replace(f", connectionSchema: {SCHEMA}", "")
    assert found(tmp_path, plain, store("{anything: 1}")) == []


@pytest.mark.parametrize(
    "name", ["password", "db_password", "dbPassword", "passwd", "apiKey", "API_TOKEN", "private-key"]
)
def test_secrets_are_known_by_their_names(name: str) -> None:
    assert gives_away(name, "x")


@pytest.mark.parametrize("name", ["user", "tokenUrl", "passwordFile", "key", "accessKeyId", "secretName", "path"])
def test_what_only_sounds_like_one_is_none(name: str) -> None:
    assert not gives_away(name, "x")
