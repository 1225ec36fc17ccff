"""Reading manifests: found wherever they are, and each fault told once, at its place, all of them together."""

from __future__ import annotations

import os
import random
import re
from pathlib import Path

import pytest

from datakit_iac.findings.finding import InvalidProjectError
from datakit_iac.manifest.loading import discovery, loader
from datakit_iac.manifest.loading.loader import load, read
from datakit_iac.pipeline.graph import build
from tests.manifest.writing import (
    CONNECTOR,
    DATASET,
    ENVIRONMENT,
    HEAD,
    POLICY,
    PROJECT,
    STORE,
    TRANSFORM,
    findings,
    manifest,
    only,
    write,
)


def test_a_manifest_is_known_by_its_kind_wherever_it_lies(tmp_path: Path) -> None:
    write(tmp_path, CONNECTOR, file="deep/down/anything.yml")
    write(tmp_path, STORE, DATASET, file="two.yaml")
    project = load(tmp_path)
    assert (list(project.connectors), list(project.stores), list(project.datasets)) == (
        ["duckdb"],
        ["warehouse"],
        ["users"],
    )
    assert project.origin(project.datasets["users"]).document == 1


def test_every_kind_of_manifest_is_read(tmp_path: Path) -> None:
    project, found = read(write(tmp_path, *PROJECT))
    assert found == []
    assert [each.kind for each in project] == ["Connector", "Store", "DataSet", "Transform", "Environment", "Policy"]


@pytest.mark.parametrize(
    "foreign",
    ["apiVersion: v1\nkind: Pod\n", "just: text\n", "- a\n- list\n", "", "broken: [\n", "{{ helm }}: {{ template }}\n"],
)
def test_what_is_not_ours_is_left_alone(tmp_path: Path, foreign: str) -> None:
    write(tmp_path, foreign, file="foreign.yaml")
    (tmp_path / "latin1.yaml").write_bytes("name: Müller".encode("latin-1"))
    assert read(write(tmp_path, STORE))[1] == []


def test_hidden_folders_and_build_outputs_are_passed_over(tmp_path: Path) -> None:
    for folder in (".git", "target", "node_modules"):
        write(tmp_path, STORE, file=f"{folder}/store.yaml")
    assert read(write(tmp_path, STORE))[1] == []


@pytest.mark.parametrize(
    "file", ["dataset/users.yaml", "datasets/users/dataset.yaml", "datasets/users/dk.yaml", "transforms/x/dk.yaml"]
)
def test_a_broken_file_in_a_place_of_ours_is_an_error_whatever_it_says(tmp_path: Path, file: str) -> None:
    write(tmp_path, "{{ half a", file=file)
    found = only(read(write(tmp_path, STORE))[1])
    assert (found.code, found.line) == ("broken-yaml", 1)


def test_a_template_of_dbt_is_left_alone(tmp_path: Path) -> None:
    write(tmp_path, "models:\n  - name: {{ var('x') }}: y\n", file="transforms/x/models/schema.yml")
    assert read(write(tmp_path, STORE))[1] == []


@pytest.mark.parametrize(
    ("head", "code"),
    [
        ("apiVerison: datakit.infoblox.dev/v1alpha1\n", "unknown-field"),
        ("apiVersion: datakti.infoblox.dev/v1alpha1\n", "unknown-version"),
        ("apiVersion: datakit.infoblox.dev/v1\n", "unknown-version"),
        ("", "missing-field"),
    ],
)
def test_what_a_mistyped_version_declares_is_no_second_fault(tmp_path: Path, head: str, code: str) -> None:
    project, found = read(write(tmp_path, DATASET.replace(HEAD, head), TRANSFORM))
    assert [each.code for each in (*found, *build(project)[1])] == [code]


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (STORE.encode("utf-16"), (0, 0)),
        (STORE.replace("warehouse", "Müller").encode("latin-1"), (0, 0)),
        (STORE.encode() + b"\tx: 1\n", (5, 1)),
        (STORE.encode() + b"x: [", (5, 5)),
        (STORE.encode() + b"x: \x00\n", (1, 1)),
        (STORE.encode() + b"x: !!set y\n", (5, 4)),
    ],
)
def test_what_is_no_text_or_no_yaml_is_told_with_a_fix(tmp_path: Path, content: bytes, place: tuple[int, int]) -> None:
    (tmp_path / "store.yaml").write_bytes(content)
    found = only(read(tmp_path)[1])
    assert found.code == ("broken-yaml" if found.line else "unreadable")
    assert (found.line, found.column) == place
    assert found.hint


@pytest.mark.parametrize("change", [("\n", "\r\n"), (HEAD, "\ufeff" + HEAD), (HEAD, "\n# ours\n---\n" + HEAD)])
def test_line_ends_marks_and_comments_change_nothing(tmp_path: Path, change: tuple[str, str]) -> None:
    (tmp_path / "store.yaml").write_bytes(STORE.replace(*change).encode())
    assert list(load(tmp_path).stores) == ["warehouse"]


def test_links_in_a_circle_and_files_too_large_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "LARGEST", 100)
    (tmp_path / "loop.yaml").symlink_to(tmp_path / "loop.yaml")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "up").symlink_to(tmp_path)
    assert [each.code for each in read(write(tmp_path, STORE))[1]] == ["unreadable", "unreadable"]


def test_a_folder_that_is_a_link_is_read_as_any_other(tmp_path: Path) -> None:
    """Policies that are shared between projects are in a linked folder; their rules hold."""
    write(tmp_path / "shared", POLICY, file="policies/security.yaml")
    write(tmp_path / "shared", manifest("Policy", "upper", "spec: {rules: [{rule: pii-declared}]}"), file="more/u.YAML")
    project = write(tmp_path / "project", STORE)
    (project / "policies").symlink_to(tmp_path / "shared" / "policies")
    (project / "again.yaml").symlink_to(tmp_path / "shared" / "policies", target_is_directory=True)
    (project / "nested").mkdir()
    (project / "nested" / "more").symlink_to("../../shared/more")
    found, findings = read(project)
    assert (sorted(found.policies), findings) == (["security", "upper"], [])


def test_links_between_folders_that_are_read_anyway_change_nothing(tmp_path: Path) -> None:
    write(tmp_path / "outside", DATASET, file="dataset/users.yaml")
    (tmp_path / "outside" / "dataset" / "back").symlink_to(tmp_path / "outside")
    project = write(tmp_path / "project", STORE, file="store/warehouse.yaml")
    (project / "a-twin").symlink_to(project / "store")
    (project / "up").symlink_to(project)
    (project / "outside").symlink_to("../outside/dataset")
    (project / "target").symlink_to(tmp_path)
    found, findings = read(project)
    assert (list(found.stores), list(found.datasets), findings) == (["warehouse"], ["users"], [])
    assert found.origins["Store", "warehouse"].path == str(project / "store" / "warehouse.yaml")


def test_a_link_that_leads_nowhere_or_around_the_project_is_told(tmp_path: Path) -> None:
    project = write(tmp_path / "project", STORE)
    (project / "policies").symlink_to(tmp_path / "nowhere")
    (project / "circle").symlink_to("circle")
    (project / "later.duckdb").symlink_to(tmp_path / "nowhere.duckdb")
    (project / "everything").symlink_to(tmp_path)
    (project / ".hidden").symlink_to(tmp_path / "nowhere")
    found = read(project)[1]
    assert [(each.code, Path(each.file).name) for each in found] == [
        ("unreadable", "circle"),
        ("unreadable", "policies"),
        ("unreadable", "everything"),
    ]
    assert "No such file" in found[1].message
    assert "holds the project" in found[2].message


def test_a_folder_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scandir = os.scandir
    write(tmp_path, DATASET, file="closed/users.yaml")

    def refusing(folder: str) -> object:
        if folder.endswith("closed"):
            raise PermissionError(13, "Permission denied", folder)
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", refusing)
    found = only(read(write(tmp_path, STORE))[1])
    assert (found.code, found.hint, Path(found.file).name) == ("unreadable", "fix its permissions", "closed")


def test_a_manifest_is_read_without_the_fields_that_are_not_known(tmp_path: Path) -> None:
    text = DATASET.replace("pii: true", "pi: true").replace("primaryKey", "primarykey")
    project, found = read(write(tmp_path, text))
    assert [(each.code, each.severity, each.hint) for each in found] == [
        ("unknown-field", "warning", "did you mean 'primaryKey'?"),
        ("unknown-field", "warning", "did you mean 'pii'?"),
    ]
    assert project.warnings == tuple(found)
    assert project.datasets["users"].spec.columns[1].pii is None


@pytest.mark.parametrize(
    "text",
    [
        manifest("Environment", "prod", "spec: {aproval: multi-party}"),
        POLICY.replace("rules:", "waiver: [], rules:"),
        DATASET + "  consents: [{object: table, reason: r, expires: 2999-01-01, untill: x}]\n",
    ],
)
def test_where_a_slip_would_be_a_permission_an_unknown_field_is_an_error(tmp_path: Path, text: str) -> None:
    found = only(findings(tmp_path, text))
    assert (found.code, found.severity) == ("unknown-field", "error")


SMALLEST = manifest("Transform", "load", "spec:\n  runtime: cloudquery\n  outputs: [{dataset: users}]")


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ("triger: {policy: manual}", "spec.triger"),
        ("trigger: {polici: manual}", "spec.trigger.polici"),
        ("trigger: {policy: manual, scheduel: {cron: '@daily'}}", "spec.trigger.scheduel"),
        ("trigger: {policy: schedule, schedule: {cron: '@daily', suspended: true}}", "spec.trigger.schedule.suspended"),
        ("trigger: {policy: schedule, schedule: {cron: '@daily', paused: true}}", "spec.trigger.schedule.paused"),
        ("suspend: true", "spec.suspend"),
        ("timout: 5m", "spec.timout"),
        ("Mode: streaming", "spec.Mode"),
        ("input: [{dataset: users}]", "spec.input"),
        ("inputs: [{dataset: users, versoin: ^1.0}]", "spec.inputs[0].versoin"),
        ("cloudquery: {writMode: append}", "spec.cloudquery.writMode"),
    ],
)
def test_a_slip_that_would_let_something_run_otherwise_is_an_error(tmp_path: Path, fields: str, path: str) -> None:
    found = only(findings(tmp_path, f"{SMALLEST}  {fields}\n"))
    assert (found.code, found.severity, found.path) == ("unknown-field", "error", path)


@pytest.mark.parametrize(
    "place", ["trigger: {policy: manual}\n", "metadata: {name: load, trigger: {policy: manual}}\n"]
)
def test_a_trigger_that_is_elsewhere_is_an_error(tmp_path: Path, place: str) -> None:
    text = SMALLEST + place if place.startswith("trigger") else SMALLEST.replace("metadata: {name: load}\n", place)
    assert only(findings(tmp_path, text)).severity == "error"


@pytest.mark.parametrize(
    "field",
    [
        "schedule: 0 5 * * *",
        "schedule: {cron: '@daily'}",
        "config: {a: b}",
        "owner: me",
        "notes: mine",
        "replica: 2",
        "resources: {limit: {cpu: 1}}",
        "priority: high",
    ],
)
def test_a_slip_that_runs_nothing_else_is_a_warning(tmp_path: Path, field: str) -> None:
    assert only(findings(tmp_path, f"{SMALLEST}  {field}\n")).severity == "warning"


def test_a_field_that_is_required_and_misspelt_is_an_error_and_a_warning(tmp_path: Path) -> None:
    found = findings(tmp_path, STORE.replace("connector:", "conector:"))
    assert [(each.code, each.severity) for each in found] == [("unknown-field", "warning"), ("missing-field", "error")]


def test_a_folder_that_is_not_there_is_one_finding(tmp_path: Path) -> None:
    assert only(read(tmp_path / "nowhere")[1]).code == "no-project"


def test_a_folder_without_manifests_says_so(tmp_path: Path) -> None:
    assert only(read(tmp_path)[1]).code == "empty-project"


def test_a_file_that_cannot_be_read_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "gone.yaml").symlink_to(tmp_path / "nowhere.yaml")
    (tmp_path / "latin1.yaml").write_bytes(HEAD.encode() + "kind: Müller".encode("latin-1"))
    assert [each.code for each in read(tmp_path)[1]] == ["unreadable", "unreadable"]


def test_all_faults_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    write(tmp_path, HEAD + "kind: [\n", file="a.yaml")
    write(tmp_path, manifest("Stor", "s", "spec: {}"), manifest("Store", "s", "spec: {}"), file="b.yaml")
    with pytest.raises(InvalidProjectError, match=r"3 errors; nothing was touched\.$") as invalid:
        load(tmp_path)
    assert [each.code for each in invalid.value.findings] == ["broken-yaml", "unknown-kind", "missing-field"]


def test_two_manifests_of_one_name_are_a_fault_that_names_both_places(tmp_path: Path) -> None:
    write(tmp_path, STORE, file="a.yaml")
    write(tmp_path, STORE.replace("{path: warehouse.duckdb}", "{path: other.duckdb, threads: 2}"), file="b.yaml")
    write(tmp_path, STORE.replace("warehouse.duckdb", "third.duckdb"), file="c.yaml")
    found = only(read(tmp_path)[1])
    assert (found.code, found.line, found.column) == ("duplicate-name", 3, 18)
    assert found.file.endswith("c.yaml")
    assert re.search(r"a\.yaml:3:18 and \S+b\.yaml:3:18, with another spec\.connection\.path, ", found.message)
    assert "spec.connection.threads" in found.message


def test_the_same_content_in_several_packages_counts_once(tmp_path: Path) -> None:
    write(tmp_path, CONNECTOR, STORE, DATASET, file="a/all.yaml")
    write(tmp_path, STORE.replace("name: warehouse}", "name: warehouse, labels: {}}"), file="b/store/warehouse.yaml")
    write(tmp_path, "# The same, carried along.\n" + DATASET, CONNECTOR, file="b/dataset/users.yaml")
    project, found = read(tmp_path)
    assert found == []
    assert [*project.stores] == ["warehouse"]
    assert project.origin(project.stores["warehouse"]).file == tmp_path / "a/all.yaml"


def test_a_group_may_not_be_called_like_a_dataset(tmp_path: Path) -> None:
    group = manifest("DataSetGroup", "users", "spec: {store: warehouse, datasets: [users]}")
    assert only(findings(tmp_path, DATASET, group)).code == "duplicate-name"


def test_a_dataset_and_a_transform_may_share_a_name(tmp_path: Path) -> None:
    assert findings(tmp_path, DATASET, TRANSFORM.replace("name: load", "name: users")) == []


# Each case is a document with the fault between « and »; the position told must be that of «.
# `found` is the beginning of the message, `fix` is part of the hint.
CASES = {
    "unknown kind": (
        HEAD + "kind: «Stor\nmetadata: {name: s}\nspec: {}\n",
        "unknown-kind",
        "unknown kind: 'Stor'",
        "'Store'",
    ),
    "kind that is a list": (HEAD + "kind: «[Store]\nmetadata: {name: s}\n", "unknown-kind", "unknown kind: a list", ""),
    "unknown version": (
        "apiVersion: «datakit.infoblox.dev/v2\nkind: Store\n",
        "unknown-version",
        "found 'datakit.infoblox.dev/v2', expected 'datakit.infoblox.dev/v1alpha1'",
        "",
    ),
    "mistyped host of the version": (
        "apiVersion: «datakit.infobloks.dev/v1alpha1\nkind: Store\n",
        "unknown-version",
        "found",
        "",
    ),
    "mistyped apiVersion": ("«apiVerison: datakit.infoblox.dev/v1alpha1\nkind: Store\n", "unknown-field", "", "rename"),
    "unknown field": (
        STORE.replace("connection: ", "«conection: "),
        "unknown-field",
        "unknown field 'conection'",
        "'connection'",
    ),
    "unknown field of a column": (
        DATASET.replace("pii: true", "«pi: true"),
        "unknown-field",
        "unknown field 'pi'",
        "'pii'",
    ),
    "unknown field at the top": (STORE + "«spce: {}\n", "unknown-field", "unknown field 'spce'", "'spec'"),
    "missing field": (
        STORE.replace("connector: duckdb, ", "").replace("spec: {", "spec: «{"),
        "missing-field",
        "spec.connector",
        "",
    ),
    "missing field of a list's item": (
        DATASET.replace("- name: email\n      type: text", "- «name: email"),
        "missing-field",
        "spec.schema[1].type",
        "",
    ),
    "missing spec": (HEAD.replace("api", "«api") + "kind: Store\nmetadata: {name: s}\n", "missing-field", "spec", ""),
    "unknown type": (DATASET.replace("type: text", "type: «txet"), "invalid-value", "'txet' is not a type", "'text'"),
    "type that is not text": (DATASET.replace("type: text", "type: «5"), "invalid-value", "expected a type's name", ""),
    "name with a capital": (
        manifest("Store", "«Warehouse", "spec: {connector: duckdb}"),
        "invalid-value",
        "found 'Warehouse'",
        "",
    ),
    "version without a patch": (
        CONNECTOR.replace("version: 1.4.2", 'version: «"1.4"'),
        "invalid-value",
        "'1.4' is not a semantic version",
        "",
    ),
    "version read as a number": (
        CONNECTOR.replace("version: 1.4.2", "version: «1.4"),
        "invalid-value",
        "found 1.4; expected text",
        "quotes",
    ),
    "norway": (
        STORE.replace("spec: {", "spec: {description: «NO, "),
        "invalid-value",
        "found false; expected text",
        "quotes",
    ),
    "unknown word": (
        DATASET.replace("store: warehouse", "store: warehouse\n  tier: «glod"),
        "invalid-value",
        "found 'glod'; expected 'bronze', 'silver' or 'gold'",
        "'gold'",
    ),
    "word in a list": (
        CONNECTOR.replace("[source, ", "[«sauce, "),
        "invalid-value",
        "found 'sauce'",
        "'source'",
    ),
    "empty list": (
        CONNECTOR.replace("[source, destination]", "«[]"),
        "invalid-value",
        "found an empty list; expected",
        "",
    ),
    "text for a list": (
        CONNECTOR.replace("[source, destination]", "«source"),
        "invalid-value",
        "found 'source'; expected a list",
        "",
    ),
    "text for a mapping": (
        STORE.replace("{path: warehouse.duckdb}", "«warehouse"),
        "invalid-value",
        "found 'warehouse'; expected a mapping",
        "",
    ),
    "nothing for a mapping": (
        HEAD + "kind: Store\nmetadata: {name: s}\nspec:«\n",
        "invalid-value",
        "found nothing",
        "",
    ),
    "a union's word": (
        POLICY.replace("{dev: advisory}", "«advisery"),
        "invalid-value",
        "found 'advisery'; expected 'advisory', 'mandatory' or 'disabled' or a mapping",
        "'advisory'",
    ),
    "a word inside a union": (
        POLICY.replace("dev: advisory", "dev: «advisery"),
        "invalid-value",
        "found",
        "'advisory'",
    ),
    "a union of scalars": (
        CONNECTOR.replace("version: 1.4.2", "connectionSchema: [{field: host, default: «2020-01-01}]"),
        "invalid-value",
        "found 2020-01-01; expected text or a whole number",
        "quotes",
    ),
    "a key that is not text": (
        DATASET.replace("{name: users}", "{name: users, labels: {5: «tier}}"),
        "invalid-value",
        "found 5; expected text",
        "quotes",
    ),
    "an unknown test by its bare name": (
        DATASET.replace("[unique,", "[«uniqe,"),
        "unknown-field",
        "unknown field 'uniqe'",
        "'unique'",
    ),
    "a test without its arguments": (
        DATASET.replace("[unique,", "[«row_count,"),
        "invalid-value",
        "the test row_count requires arguments",
        "",
    ),
    "a test that tests nothing": (DATASET.replace("[unique,", "[«{unique: false},"), "invalid-value", "`unique:", ""),
    "two tests in one": (
        DATASET.replace("[unique,", "[«{unique: true, not_null: true},"),
        "invalid-value",
        "a test names exactly one",
        "",
    ),
    "freshness that is not a duration": (
        DATASET.replace("[unique,", "[{freshness: {column: id, maxAge: «soon}},"),
        "invalid-value",
        "'soon' is not a duration",
        "",
    ),
    "two places": (
        DATASET.replace("spec:", "«spec:").replace("table: raw.users", "table: raw.users\n  prefix: users/"),
        "invalid-value",
        "exactly one of table, prefix and topic is expected, found table and prefix",
        "",
    ),
    "no place": (
        DATASET.replace("spec:", "«spec:").replace("table: raw.users", "format: csv"),
        "invalid-value",
        "exactly one of table, prefix and topic is expected, found none of them",
        "",
    ),
    "a column twice, but for its case": (
        DATASET.replace("spec:", "«spec:").replace("name: email", "name: ID"),
        "invalid-value",
        "columns named twice: id",
        "",
    ),
    "a duration that is none": (TRANSFORM.replace("1h30m", "«1y"), "invalid-value", "'1y' is not a duration", ""),
    "a date that is none": (
        DATASET.replace("schema:", "consents: [{object: table, reason: r, expires: «2024-13-45}]\n  schema:"),
        "broken-yaml",
        "this is not valid YAML: '2024-13-45' is not a date",
        "",
    ),
    "a day in words": (
        DATASET.replace("schema:", "consents: [{object: table, reason: r, expires: «tomorrow}]\n  schema:"),
        "invalid-value",
        "",
        "",
    ),
    "a key twice": (STORE.replace("}}", "}, «connector: other}"), "broken-yaml", "this is not valid YAML: the key", ""),
    "broken YAML": (HEAD + "kind: Store\nmetadata: {name: s\nspec«: {}\n", "broken-yaml", "this is not valid YAML", ""),
    "a number that is none": (
        STORE.replace("duckdb, c", "«0b_, c"),
        "broken-yaml",
        "this is not valid YAML: '0b_'",
        "",
    ),
    "approval in short": (ENVIRONMENT + "spec: {approval: «twice}\n", "invalid-value", "found 'twice'", "multi-party"),
    "approval at length": (
        ENVIRONMENT + "spec: {approval: {mode: «teem}}\n",
        "invalid-value",
        "found 'teem'",
        "'team'",
    ),
    "a schedule without a cron": (
        TRANSFORM + "  trigger: «{policy: schedule}\n",
        "invalid-value",
        "a schedule needs",
        "",
    ),
    "a section of another runtime": (
        TRANSFORM.replace("spec:", "«spec:") + "  dbt: {project: models}\n",
        "invalid-value",
        "the section `dbt` is allowed with runtime dbt, not with cloudquery",
        "",
    ),
    "a store bound twice": (
        ENVIRONMENT.replace("api", "«api") + "spec: {bindings: {warehouse: {type: duckdb}}}\n",
        "invalid-value",
        "bound twice: warehouse",
        "",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_fault_is_one_finding_at_its_place(tmp_path: Path, case: str) -> None:
    text, code, message, fix = CASES[case]
    before, _, _ = text.partition("«")
    line, column = before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1
    found = only(findings(tmp_path, text.replace("«", "")))
    assert found.code == code
    assert found.message.startswith(message)
    assert fix in found.hint
    assert (found.line, found.column) == (line, column)


def test_a_fault_in_the_third_document_is_counted_from_the_files_beginning(tmp_path: Path) -> None:
    found = only(findings(tmp_path, CONNECTOR, STORE, DATASET.replace("type: text", "type: txet")))
    lines = (tmp_path / "project.yaml").read_text().splitlines()
    assert lines[found.line - 1][found.column - 1 :] == "txet"
    assert found.path == "spec.schema[1].type"


def test_a_finding_reads_as_compilers_write_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (found,) = findings(Path(), manifest("Store", "s", "spec:\n  conector: x\n  connector: y"))
    assert str(found) == (
        "project.yaml:5:3: warning[unknown-field] spec.conector: unknown field 'conector'; it is left out\n"
        "    fix: did you mean 'connector'?"
    )


def test_merged_keys_are_no_repetition(tmp_path: Path) -> None:
    text = DATASET.replace("- {name: id, type", "- &id {name: id, type").replace(
        "- name: email\n", "- {<<: *id, name: other}\n    - name: email\n"
    )
    assert findings(tmp_path, text) == []


def test_a_secret_is_only_allowed_as_a_variable_and_is_not_repeated(tmp_path: Path) -> None:
    text = manifest("Store", "s", "spec:\n  connector: c\n  secrets: {a: hunter2, b: 12345678, c: [hunter3]}")
    found = findings(tmp_path, text)
    assert [each.path for each in found] == ["spec.secrets.a", "spec.secrets.b", "spec.secrets.c"]
    assert not re.search("hunter|1234", "\n".join(map(str, found)))


def test_a_variable_is_a_secret(tmp_path: Path) -> None:
    assert findings(tmp_path, manifest("Store", "s", "spec: {connector: c, secrets: {a: '${TOKEN}'}}")) == []


TOKENS = ["", "{", "}", "[", "]", ":", "- ", "&a ", "*a", "!!int ", "null", "5", "1e9", "2024-13-01", "'", '"', "\t"]
TOKENS += ["<<: ", "? ", "| ", "> ", "%", "@", "`", "---\n", "...\n", "\x00", "\ufeff", "é", "true", "~", "{}", "[]"]
TOKENS += ["spec: ", "kind: ", "name: ", "type: ", "9" * 5000, "a" * 5000, "array<" * 500, "0b_", "-.inf", "!!set "]


def mutated(text: str, chance: random.Random) -> str:
    """A text with one to three slips: something cut, doubled, swapped for another token, or indented again."""
    for _ in range(chance.randint(1, 3)):
        start = chance.randrange(len(text) + 1)
        end = min(len(text), start + chance.choice([0, 1, 1, 2, 5, 20]))
        text = text[:start] + chance.choice([chance.choice(TOKENS), text[start:end] * 2, "\n" + " " * 3]) + text[end:]
    return text


_ENV = "{runtime: generic-python, command: [a], outputs: [{dataset: users}], env: [%s]}"


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("Store", "{connector: duckdb, secrets: {password: hunter2}}"),
        ("Store", "{connector: duckdb, secrets: {password: [hunter2]}}"),
        ("Store", "{connector: duckdb, secrets: hunter2}"),
        ("Store", "{connector: duckdb, secrets: [hunter2]}"),
        ("Store", "{connector: duckdb, secrets: {password hunter2}}"),
        ("Store", "{connector: duckdb, secrets: {'password:hunter2': }}"),
        ("Store", "{connector: duckdb, connectorVersion: 'ftp://u:hunter2@h'}"),
        ("Store", "\n  connector: duckdb\n  secrets:\n    password: !hunter2"),
        ("Store", "\n  connector: duckdb\n  secrets:\n    password: *hunter2"),
        ("Store", "\n  connector: duckdb\n  connection:\n    apiToken: !!int hunter2"),
        ("Connector", "{type: pg, capabilities: [source], connectionSchema: [{field: password, default: hunter2}]}"),
        ("Connector", "{type: pg, capabilities: [source], connectionSchema: [{field: u, default: 'a://u:hunter2@h'}]}"),
        ("Transform", _ENV % "{name: TOKEN, valueFrom: hunter2}"),
        ("Transform", _ENV % "{name: TOKEN, valueFrom: {secretKeyRef: hunter2}}"),
        ("Transform", _ENV % "{name: A, valueFrom: {secretKeyRef: {name: hunter2 X, key: b}}}"),
        ("Transform", _ENV % "{name: A, valueFrom: {configMapKeyRef: {name: b, key: hunter2 X}}}"),
        ("Transform", _ENV % "{name: A, valueFrom: {secretKeyRef: {name hunter2}}}"),
        ("Transform", _ENV % "{name: TOKEN, value: [hunter2]}"),
        ("Transform", _ENV % "{name: API_TOKEN, value: 4711471}"),
        ("Environment", "{lineage: 'ftp://u:hunter2@h'}"),
        ("Environment", "{lineage: {url: 'ftp://u:hunter2@h'}}"),
        ("Environment", "{lineage: {url: 'u:hunter2@h'}}"),
        ("Environment", "{lineage: {url: 'https://h/?token=hunter2'}}"),
        ("DataSet", "{store: w, table: t, schema: [{name: pwd, type: int}], dev: {seed: {inline: [{pwd: hunter2}]}}}"),
    ],
)  # fmt: skip
def test_no_message_repeats_a_secret(tmp_path: Path, kind: str, spec: str) -> None:
    from datakit_iac.checks.references import references
    from datakit_iac.manifest.connections import connections

    project, told = read(write(tmp_path, manifest(kind, "odd", f"spec: {spec}")))
    told = [*told, *references(project), *connections(project)]
    assert told
    assert [found for found in told if "hunter2" in str(found) or "4711471" in str(found)] == []


def test_a_reading_may_be_asked_for_its_project_twice(tmp_path: Path) -> None:
    for number in (1, 2):
        write(tmp_path, STORE.replace("duckdb", f"duckdb-{number}"), file=f"{number}.yaml")
    reading = loader._Reading(tmp_path)
    reading.run()
    found = [*reading.findings]
    assert [each.code for each in found] == ["duplicate-name"]
    assert reading.project() == reading.project()
    assert reading.findings == found
