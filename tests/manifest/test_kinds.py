"""What each kind may say, and what is refused: one line for each field of the language."""

from __future__ import annotations

from pathlib import Path

import pytest

from datakit_iac.manifest.loading.loader import load
from datakit_iac.manifest.writing import to_yaml
from tests.manifest.writing import CONNECTOR, DATASET, STORE, TRANSFORM, findings, manifest, only, write

DIGEST = f"sha256:{'a' * 64}"


def connector(fields: str) -> str:
    return manifest("Connector", "postgres", f"spec: {{type: postgres, capabilities: [source], {fields}}}")


def dataset(fields: str) -> str:
    return manifest("DataSet", "users", f"spec: {{store: warehouse, table: users, {fields}}}")


def transform(fields: str, runtime: str = "generic-python") -> str:
    return manifest("Transform", "load", f"spec: {{runtime: {runtime}, outputs: [{{dataset: users}}], {fields}}}")


ACCEPTED = [
    *(
        connector(fields)
        for fields in (
            "version: 1.4.2-rc.1+build.5",
            f"plugin: {{source: 'ghcr.io:443/acme/load@{DIGEST}', destination: ./plugins/load}}",
            "plugin: {destination: {registry: github, path: cloudquery/postgresql, version: v8.7.2,"
            " spec: {password: '{{ password }}', at: 'postgresql://{{ user }}:{{ password }}@h/d'}}}",
            "connectionSchema: [{field: host}, {field: port, type: integer, default: 5432}, {field: pw, secret: true}]",
            "connectionSchema: [{field: nulls, type: list, default: ['']}, {field: x, optional: true, type: mapping}]",
            "tools: [{name: psql, type: exec, command: [psql, -h, '{{ host }}'], requires: [psql]}]",
            "tools: [{name: shell, type: exec, command: psql}]",
            "tools: [{name: dsn, type: config, format: text, template: 'postgresql://{{host}}/{{ database }}'}]",
        )
    ),
    *(
        dataset(fields)
        for fields in (
            "format: avro, classification: restricted, tier: gold, owner: a-team, version: 2.0.0",
            "retention: 90d",
            "retention: P1Y6M",
            "schemaRef: 'shop/users@^1.2'",
            "dev: {seed: {inline: [{id: 1}]}}",
            "dev: {seed: {file: seeds/users.csv, profiles: {large: {file: seeds/large.csv}}}}",
            "schema: [{name: id, type: int, from: [a.b, c.d-e f], previousNames: [key]}]",
            "tests: [{row_count: {min: 1}}, {freshness: {column: at, maxAge: 6h}}, {sql: select 1}]",
        )
    ),
    *(
        transform(fields)
        for fields in (
            "image: 'ghcr.io/acme/load:1.4.2', command: [python, -m, load], mode: streaming",
            "command: python -m load --name 'two words'",
            "env: [{name: LEVEL, value: info}, {name: KEY, valueFrom: {secretKeyRef: {name: s, key: k}}}]",
            "env: [{name: KEY, valueFrom: {configMapKeyRef: {name: my.map, key: a_b}}}]",
            "trigger: {policy: schedule, schedule: {cron: '*/15 6-18 * * mon-fri', timezone: Europe/Berlin}}",
            "trigger: {policy: composite, policies: [schedule, on-change], schedule: {cron: 0 0 1 1 *, suspend: true}}",
            "timeout: 1h30m, retries: 3, replicas: 100",
            "timeout: 1.5h, replicas: 1",
            "resources: {requests: {cpu: 500m, memory: 512Mi}, limits: {cpu: 2, memory: 1.5G}}",
            "lineage: {enabled: false, heartbeatInterval: 30s, namespace: shop}, serviceAccountName: loader.jobs",
        )
    ),
]


@pytest.mark.parametrize("document", ACCEPTED)
def test_what_the_language_has_is_read_and_written_back_equal(tmp_path: Path, document: str) -> None:
    (read,) = load(write(tmp_path / "once", document))
    (again,) = load(write(tmp_path / "again", to_yaml(read)))
    assert again == read


REFUSED = {
    connector("version: '1.4'"): "'1.4' is not a semantic version",
    connector("version: 01.4.2"): "is not a semantic version",
    connector("version: 1.4.2.post1"): "is not a semantic version",
    connector("plugin: {source: 'ghcr.io/acme/load:'}"): "is not an image",
    connector("plugin: {destination: plugins//load}"): "is not an image",
    connector("plugin: {source: 'Acme/load:1'}"): "is not an image",
    connector("plugin: {source: 'acme/load@sha256:aaaa'}"): "is not an image",
    connector("plugin: {source: {registry: cloudquery, path: a/b}}"): "requires the plugin's version",
    connector("plugin: {source: {registry: cloudquery, path: b, version: v1.0.0}}"): "expected TEAM/NAME",
    connector("plugin: {source: {registry: grpc, path: b}}"): "expected a server as HOST:PORT",
    connector("plugin: {source: {registry: local, path: ./b, version: v1.0.0}}"): "is not valid for registry local",
    connector("plugin: {source: {registry: local, path: ./b, spec: {since: 2024-01-31}}}"): "put it in quotes",
    connector("plugin: {source: {registry: local, path: ./b, spec: {token: abc}}}"): "spec.token is a secret in clear",
    connector("connectionSchema: [{field: port, type: integer, default: many}]"): "expected its type, integer",
    connector("connectionSchema: [{field: port, type: integer, default: true}]"): "expected its type, integer",
    connector("connectionSchema: [{field: pw, secret: true, default: x}]"): "is a secret, so it has no default",
    connector("connectionSchema: [{field: a}, {field: a}]"): "twice among `connectionSchema`: a",
    connector("tools: [{name: psql, type: exec}]"): "needs `command`",
    connector("tools: [{name: dsn, type: config, template: x, requires: [psql]}]"): "`requires` is not valid for tools",
    connector("tools: [{name: a, type: exec, command: a}, {name: a, type: exec, command: b}]"): "twice among `tools`",
    STORE.replace("connector: duckdb", "connector: duckdb, connectorVersion: newest"): "is not a version range",
    dataset("retention: soon"): "is not a duration",
    dataset("retention: P0D"): "is not above zero",
    dataset("retention: P1DT"): "is not a duration",
    dataset("schemaRef: shop/users"): "expected text of the form",
    dataset("schemaRef: 'shop/users@newest'"): "is not a version range",
    dataset("schemaRef: users@1.0.0, schema: [{name: id, type: int}]"): "one of schema and schemaRef",
    dataset("dev: {seed: {}}"): "found none of them",
    dataset("dev: {seed: {inline: [{a: 1}], file: x.csv}}"): "found both",
    dataset("dev: {seed: {profiles: {large: {}}}}"): "exactly one of inline and file",
    dataset("schema: [{name: id, type: int, from: nothing}]"): "expected text of the form",
    transform("image: 'acme/load:'"): "is not an image",
    transform("env: [{name: A}]"): "exactly one of value and valueFrom",
    transform("env: [{name: 1A, value: x}]"): "expected text of the form",
    transform("env: [{name: A, value: x}, {name: A, value: y}]"): "variables named twice: A",
    transform("env: [{name: A, valueFrom: {}}]"): "exactly one of secretKeyRef and configMapKeyRef",
    transform("command: 'python \"load'"): "No closing quotation",
    transform("trigger: {policy: schedule, schedule: {cron: 61 * * * *}}"): "bad minute",
    transform("trigger: {policy: schedule, schedule: {cron: '* * * * * *'}}"): "expected minute, hour, day",
    transform("trigger: {policy: schedule, schedule: {cron: 0 0 31 2 *}}"): "bad day-of-month",
    transform("trigger: {policy: schedule, schedule: {cron: 0 6 * * *, timezone: Europe/Berln}}"): "is not a time zone",
    transform("trigger: {policy: schedule, schedule: {cron: 0 6 * * *, timezone: America}}"): "is not a time zone",
    transform("trigger: {policy: schedule, schedule: {cron: 0 6 * * *, timezone: ../etc}}"): "is not a time zone",
    transform("trigger: {schedule: {cron: 0 6 * * *}}"): "means nothing with policy on-change",
    transform("trigger: {policy: manual, schedule: {cron: 0 6 * * *}}"): "means nothing with policy manual",
    transform("trigger: {policy: composite, policies: [on-change], schedule: {cron: 0 6 * * *}}"): "means nothing with",
    transform("retries: -1"): "expected 0 or more",
    transform("replicas: 0"): "expected 1 or more",
    transform("replicas: 101"): "expected 100 or less",
    transform("resources: {limits: {cpu: lots}}"): "is not a quantity",
    transform("resources: {requests: {memory: 2Gi}, limits: {memory: 512Mi}}"): "more than its limit 512Mi",
    transform("serviceAccountName: Loader"): "expected text of the form",
    transform("lineage: {heartbeatInterval: often}"): "is not a duration",
}


@pytest.mark.parametrize("document", REFUSED)
def test_what_it_has_not_is_one_finding(tmp_path: Path, document: str) -> None:
    found = only(findings(tmp_path, document))
    assert (found.code, REFUSED[document] in found.message) == ("invalid-value", True), found


def test_a_mistyped_time_zone_names_the_nearest(tmp_path: Path) -> None:
    trigger = "trigger: {policy: schedule, schedule: {cron: 0 6 * * *, timezone: Europe/Berln}}"
    assert only(findings(tmp_path, transform(trigger))).hint == "did you mean 'Europe/Berlin'?"


@pytest.mark.parametrize("document", [CONNECTOR, STORE, DATASET, TRANSFORM])
@pytest.mark.parametrize("name", ["Users", "1users", "users_x", "a" * 64, "users.x"])
def test_names_are_short_and_lower_case(tmp_path: Path, document: str, name: str) -> None:
    first, _, rest = document.partition("metadata: {name: ")
    found = findings(tmp_path, f"{first}metadata: {{name: '{name}'}}{rest.partition('}')[2]}")
    assert only(found).path == "metadata.name"
