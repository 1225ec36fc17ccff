"""`dk dataset|store|connector list|show`, and `dk dataset validate`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from datakit_iac.manifest.loading.loader import load
from tests.cli.conftest import Dk, dataset, transform
from tests.manifest.writing import CONNECTOR, HEAD, LENIENT, manifest, write

REPOSITORY = Path(__file__).parents[2]
FLIGHTS = REPOSITORY / "examples" / "flights"


@pytest.fixture
def project(project: Path) -> Path:
    """The project with a policy that it keeps."""
    return write(project, LENIENT, file="policies/lenient.yaml")


def test_datasets_are_listed_in_a_table(dk: Dk, project: Path) -> None:
    said = dk("dataset", "list")
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines() == [
        "NAME     STORE      PLACE",
        "notes    warehouse  notes",
        "raw      warehouse  raw",
        "summary  warehouse  summary",
        "users    warehouse  users",
    ]


def test_programs_get_every_field_and_the_place(dk: Dk, project: Path) -> None:
    rows = dk("dataset", "list", "dataset/raw.yaml", "--output", "json").document["datasets"]
    assert rows == [
        {
            "name": "raw",
            "description": "",
            "store": "warehouse",
            "table": "raw",
            "prefix": None,
            "topic": None,
            "format": None,
            "classification": None,
            "tier": None,
            "owner": "",
            "columns": 0,
            "pii": [],
            "file": "dataset/raw.yaml",
            "line": 1,
        }
    ]


def test_stores_and_connectors_tell_who_uses_them(dk: Dk, project: Path) -> None:
    (store,) = dk("store", "list", "--output", "json").document["stores"]
    assert (store["type"], store["datasets"]) == ("duckdb", ["notes", "raw", "summary", "users"])
    (connector,) = dk("connector", "list", "--output", "json").document["connectors"]
    assert (connector["type"], connector["stores"]) == ("duckdb", ["warehouse"])
    assert "warehouse  duckdb" in dk("store", "list").out
    assert "source, destination" in dk("connector", "list").out


def catalog(project: Path, *versions: str) -> None:
    """Writes further versions of the Connector `duckdb`, and a Store that wants an old one."""
    for version in versions:
        write(project, CONNECTOR.replace("1.4.2", version), file=f"connector/duckdb-{version}.yaml")
    write(project, manifest("Store", "old", "spec: {connector: duckdb, connectorVersion: <1}"), file="store/old.yaml")


def test_every_version_of_a_connector_is_listed_the_newest_first(dk: Dk, project: Path) -> None:
    catalog(project, "0.9.0", "1.10.0")
    said = dk("connector", "list", "--output", "json").document["connectors"]
    assert [(each["version"], each["stores"], each["file"]) for each in said] == [
        ("1.10.0", ["warehouse"], "connector/duckdb-1.10.0.yaml"),
        ("1.4.2", ["warehouse"], "connector/duckdb.yaml"),
        ("0.9.0", ["old", "warehouse"], "connector/duckdb-0.9.0.yaml"),
    ]
    assert len(dk("connector", "list").out.splitlines()) == 1 + 3
    assert dk("connector", "list", "connector/duckdb.yaml").out.count("duckdb  ") == 2, "name and type of one"


@pytest.mark.parametrize(
    ("name", "version", "others"),
    [
        ("duckdb", "1.10.0", ["1.4.2", "0.9.0"]),
        ("duckdb@0.9.0", "0.9.0", ["1.10.0", "1.4.2"]),
        ("duckdb@1.10.0", "1.10.0", ["1.4.2", "0.9.0"]),
    ],
)
def test_a_connector_is_shown_in_its_newest_version_or_the_one_asked_for(
    dk: Dk, project: Path, name: str, version: str, others: list[str]
) -> None:
    catalog(project, "0.9.0", "1.10.0")
    said = dk("connector", "show", name, "--output", "json").document
    assert (said["manifest"]["spec"]["version"], said["otherVersions"]) == (version, others)
    assert f"other versions  {', '.join(others)}" in dk("connector", "show", name).out
    assert f"version: {version}\n" in dk("connector", "show", name, "--output", "yaml").out


def test_a_version_that_is_not_there_gets_a_near_match(dk: Dk, project: Path) -> None:
    catalog(project, "0.9.0")
    said = dk("connector", "show", "duckdb@0.9.1")
    assert (said.code, "did you mean 'duckdb@0.9.0'?" in said.err) == (2, True)


def test_one_dataset_is_shown_with_its_place_its_columns_and_its_neighbours(dk: Dk) -> None:
    said = dk("dataset", "show", "stg-planes", FLIGHTS)
    assert (said.code, said.err) == (0, "")
    first, *lines = said.out.splitlines()
    assert first.startswith("DataSet stg-planes  ")
    assert first.endswith("dataset/stg-planes.yaml:1:1")
    assert "  written by      staging" in lines
    assert "  read by         marts" in lines
    assert "  tailnum       string   primary  yes       yes  planes.tailnum       Registration mark." in lines


@pytest.mark.parametrize("kind", ["dataset", "store", "connector"])
def test_what_is_shown_as_yaml_reads_back_equal(dk: Dk, tmp_path: Path, kind: str) -> None:
    there = getattr(load(FLIGHTS), f"{kind}s")
    for name in there:
        (tmp_path / f"{name}.yaml").write_text(dk(kind, "show", name, FLIGHTS, "--output", "yaml").out)
    assert getattr(load(tmp_path), f"{kind}s") == there


def test_shown_as_json_it_is_the_manifest_as_written_and_what_the_project_says(dk: Dk, project: Path) -> None:
    said = dk("dataset", "show", "users", "--output", "json").document
    assert said["manifest"]["spec"] == {"store": "warehouse", "table": "users"}
    assert (said["writers"], said["readers"], said["groups"]) == (["load"], ["report"], [])
    assert (said["file"], said["line"]) == ("dataset/users.yaml", 1)


@pytest.mark.parametrize("output", ["text", "json", "yaml"])
def test_secrets_are_shown_as_references_only(dk: Dk, project: Path, output: str) -> None:
    connection = "{path: a, password: hunter2, url: 'pg://ann:hunter2@host/db', deep: {apiToken: [hunter2]}}"
    spec = f"spec: {{connector: duckdb, connection: {connection}, secrets: {{key: '${{KEY}}'}}}}"
    write(project, manifest("Store", "other", spec), file="store/other.yaml")
    said = dk("store", "show", "other", "--output", output)
    assert said.code == 0
    assert "${KEY}" in said.out
    assert "pg://ann:" in said.out
    assert "hunter2" not in said.out


NAMES = {
    "secrets": [
        *("password", "dbPassword", "pwd", "pass", "passphrase", "accountKey", "api-key", "apikey", "API_KEY", "token"),
        *("apitoken", "sessionToken", "clientSecret", "credentials", "private_key", "password2", "tokenValue", "pin"),
    ],
    "others": ["user", "tokenUrl", "passwordFile", "secretName", "partitionKey", "keyName", "compass", "maxRetries"],
}


KNOWN = ["auth", *NAMES["secrets"], *NAMES["others"]]


@pytest.mark.parametrize("name", KNOWN[1:])
@pytest.mark.parametrize("nested", [False, True])
def test_what_is_shown_of_a_store_is_what_lint_calls_no_secret(dk: Dk, project: Path, name: str, nested: bool) -> None:
    fields = ", ".join(f"{{field: {each}, secret: {str(each == 'pin').lower()}, optional: true}}" for each in KNOWN)
    spec = f"spec: {{type: pg, version: 1.0.0, capabilities: [source], connectionSchema: [{fields}]}}"
    write(project, manifest("Connector", "pg", spec), file="connector/pg.yaml")
    connection = f"{{auth: {{{name}: hunter2}}}}" if nested else f"{{{name}: hunter2}}"
    spec = f"spec: {{connector: pg, connection: {connection}}}"
    write(project, manifest("Store", "other", spec), file="store/other.yaml")
    is_secret = name in NAMES["secrets"] and not (nested and name == "pin")
    codes = [found["code"] for found in dk("lint", "--output", "json").document["findings"]]
    assert ("literal-secret" in codes) == is_secret
    for output in ("text", "json", "yaml"):
        assert ("hunter2" in dk("store", "show", "other", "--output", output).out) == (not is_secret), output


def test_letters_that_nobody_sees_are_shown(dk: Dk, project: Path) -> None:
    odd = "a\u202eb\ufeff \x1b[2K\nforged ä"
    spec = manifest("DataSet", "more", f"spec: {{store: warehouse, table: more, description: {json.dumps(odd)}}}")
    write(project, spec, file="dataset/more.yaml")
    shown = r"a\u202eb\ufeff \x1b[2K\nforged"
    for words in (["dataset", "show", "more"], ["dataset", "list"]):
        said = dk(*words).out
        assert "".join(said.split("\n")).isprintable()
    assert f"{shown} ä" in dk("dataset", "show", "more").out
    assert shown in dk("dataset", "show", "more", "--output", "yaml").out.replace("\\uFEFF", "\\ufeff").replace(
        "\\u202E", "\\u202e"
    ).replace("\\e", "\\x1b")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["dataset", "show", "user"], "unknown DataSet 'user'\n  fix: did you mean 'users'?"),
        (["store", "show", "warehose"], "unknown Store 'warehose'\n  fix: did you mean 'warehouse'?"),
        (["connector", "show", "mysql"], "unknown Connector 'mysql'\n  fix: known: duckdb"),
        (
            ["dataset", "validate", "user"],
            "unknown DataSet, file or folder 'user'\n  fix: did you mean 'users'?",
        ),
        (["dataset", "validate", "store"], "no DataSet is in store"),
    ],
)
def test_names_that_are_not_there_get_a_near_match(dk: Dk, project: Path, words: list[str], told: str) -> None:
    said = dk(*words)
    assert (said.code, said.out) == (2, "")
    assert told in said.err


def test_an_empty_project_is_an_error_and_a_kind_without_any_is_an_empty_list(dk: Dk, project: Path) -> None:
    (project / "nothing").mkdir()
    (project / "store" / "warehouse.yaml").unlink()
    said = dk("dataset", "list", "nothing")
    assert (said.code, said.out) == (1, "")
    assert "error[empty-project]" in said.err
    assert dk("store", "list", "--output", "json").document == {"stores": []}
    said = dk("store", "list")
    assert (said.code, said.out, said.err) == (0, "", "no stores in .\n")


def test_what_is_right_is_listed_and_what_is_wrong_is_told(dk: Dk, project: Path) -> None:
    (project / "dataset" / "raw.yaml").write_text(dataset("raw").replace("store:", "stor:"))
    said = dk("dataset", "list", "--output", "json")
    assert said.code == 1
    assert [row["name"] for row in said.document["datasets"]] == ["notes", "summary", "users"]
    assert "unknown-field" in said.err


def test_only_findings_on_datasets_are_told(dk: Dk, project: Path) -> None:
    write(project, transform("load", ["nothing"], ["users"]), file="transforms/load/dk.yaml")
    assert dk("dataset", "validate").out == ". in dev: 4 manifests, nothing is wrong\n"
    broken = dataset("raw").replace("store:", "stor:")
    (project / "dataset" / "raw.yaml").write_text(f"{dataset('more')}---\n{broken}")
    codes = [found["code"] for found in dk("dataset", "validate", "raw", "--output", "json").document["findings"]]
    assert set(codes) == {"unknown-field", "missing-field"}
    assert dk("dataset", "validate", "more").code == 0
    assert dk("dataset", "validate", "dataset/users.yaml").code == 0
    assert dk("dataset", "validate", "dataset").code == 1


def test_several_names_and_paths_are_checked_at_once(dk: Dk, project: Path) -> None:
    personal = manifest(
        "DataSet", "people", "spec: {store: warehouse, table: people, schema: [{name: email, type: text, pii: true}]}"
    )
    write(project, personal, file="dataset/people.yaml")
    write(
        project,
        personal.replace("people", "guests").replace("table:", "classification: public, table:"),
        file="dataset/g/g.yaml",
    )
    said = dk("dataset", "validate", "people", "dataset/g", "raw", "--output", "json")
    assert said.code == 1
    found = {(each["code"], Path(each["file"]).name) for each in said.document["findings"]}
    assert found == {("pii-unclassified", "people.yaml"), ("pii-not-public", "g.yaml")}
    assert dk("dataset", "validate", "raw", "users").code == 0
    assert dk("dataset", "validate", "raw", "nobody").code == 2


def test_a_file_that_is_no_yaml_counts_for_the_names_it_holds(dk: Dk, project: Path) -> None:
    (project / "dataset" / "raw.yaml").write_text(f"{HEAD}kind: DataSet\nmetadata: {{name: raw}}\nspec: [\n")
    assert dk("dataset", "validate", "dataset/raw.yaml").code == 1
    assert dk("dataset", "validate", "dataset/users.yaml").code == 0
    assert dk("dataset", "validate").code == 1
