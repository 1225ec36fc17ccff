"""`dk lint`, and the formats that `dk validate` shares with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Dk, dataset, transform
from tests.manifest.writing import HEAD, manifest, write

REPOSITORY = Path(__file__).parents[2]


def test_the_example_is_clean(dk: Dk) -> None:
    said = dk("lint", REPOSITORY / "examples" / "flights", "--strict")
    assert (said.code, said.err) == (0, "")
    assert said.out.endswith("nothing is wrong\n")


def test_a_clean_project_says_what_was_checked(dk: Dk, project: Path) -> None:
    said = dk("lint")
    assert (said.code, said.out, said.err) == (0, ".: 9 manifests, nothing is wrong\n", "")


def test_every_fault_is_told_at_once_with_its_place_and_its_fix(dk: Dk, project: Path) -> None:
    (project / "dataset" / "raw.yaml").write_text(dataset("raw").replace("store:", "stor:"))
    write(project, transform("report", ["user"], ["summary"]), file="transforms/report/dk.yaml")
    said = dk("lint")
    assert said.code == 1
    assert "dataset/raw.yaml:4:8: warning[unknown-field] spec.stor: unknown field 'stor'" in said.out
    assert "transforms/report/dk.yaml:4:" in said.out
    assert "fix: did you mean 'users'?" in said.out
    assert said.out.endswith("\n.: 8 manifests, 2 errors, 1 warning\n")


def test_a_reference_to_a_broken_manifest_is_no_second_fault(dk: Dk, project: Path) -> None:
    (project / "dataset" / "raw.yaml").write_text(dataset("raw").replace("store: warehouse", "store: 1"))
    (project / "dataset" / "users.yaml").write_text(dataset("users") + "a: [")
    codes = [found["code"] for found in dk("lint", "--output", "json").document["findings"]]
    assert codes == ["invalid-value", "broken-yaml"]


def test_json_has_every_field_and_a_summary(dk: Dk, project: Path) -> None:
    write(project, transform("report", ["user"], ["summary"]), file="transforms/report/dk.yaml")
    said = dk("lint", "--output", "json")
    (found,) = said.document["findings"]
    assert list(found) == ["code", "severity", "path", "message", "file", "line", "column", "hint"]
    assert (found["code"], found["severity"], found["path"], found["file"], found["line"]) == (
        "unknown-dataset",
        "error",
        "spec.inputs[0].dataset",
        "transforms/report/dk.yaml",
        4,
    )
    assert said.document["summary"] == {
        "errors": 1,
        "warnings": 0,
        "notes": 0,
        "manifests": 9,
        "subject": ".",
        "environment": None,
    }


def test_github_gets_annotations_with_what_would_end_them_escaped(dk: Dk, project: Path) -> None:
    (project / "dataset" / "a,b:100%.yaml").write_text(dataset("more").replace("store:", "stor:"))
    second = dk("lint", "--output", "github").out.splitlines()[1]
    assert second.startswith("::warning file=dataset/a%2Cb%3A100%25.yaml,line=")
    assert dk("lint", "--output", "github").out.splitlines()[-1] == ".: 9 manifests, 1 error, 1 warning"


@pytest.mark.parametrize("output", ["text", "github", "sarif", "json"])
def test_nothing_that_a_manifest_says_is_hidden_or_an_order(dk: Dk, project: Path, output: str) -> None:
    odd = json.dumps("a\u202e\x1b[2K\n::error::forged\n##[add-mask]b")
    write(project, manifest("DataSet", "more", f"spec: {{store: warehouse, table: more, {odd}: 1}}"), file="m.yaml")
    said = dk("lint", "--output", output).out
    assert "".join(said.split("\n")).isprintable()
    assert not [line for line in said.splitlines() if "##[" in line or line.lstrip().startswith("::error::")]
    assert said.count("::warning ") == (output == "github")
    if output in ("text", "github"):
        assert r"a\\u202e\\x1b[2K\\n::error::forged\\n\x23#[add-mask]b".replace("\\\\", "\\") in said


def test_warnings_are_shown_and_are_fine_unless_strict(dk: Dk, project: Path) -> None:
    write(project, transform("again", [], ["users"]), file="transforms/again.yaml")
    relaxed, strict = dk("lint"), dk("lint", "--strict")
    assert "dataset/users.yaml:3:18: warning[several-writers]" in relaxed.out
    assert relaxed.out.endswith(".: 10 manifests, 1 warning\n")
    assert "error[several-writers]" in strict.out
    assert strict.out.endswith(".: 10 manifests, 1 error\n")
    assert (relaxed.code, strict.code) == (0, 1)


@pytest.mark.parametrize("path", ["transforms/report/dk.yaml", "transforms/report", "transforms"])
def test_a_part_is_seen_with_its_project_around_it(dk: Dk, project: Path, path: str) -> None:
    (project / "dataset" / "raw.yaml").write_text(dataset("raw") + "a: [")
    said = dk("lint", path)
    assert said.code == 0
    assert said.out.startswith(f"{path}: ")


def test_a_part_is_known_from_within(dk: Dk, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project / "transforms" / "report")
    assert dk("lint").out == ".: 1 manifest, nothing is wrong\n"


def test_a_folder_that_is_no_part_of_anything_is_a_project(
    dk: Dk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "datasets" / "mine").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    write(tmp_path, dataset("elsewhere"), file="datasets/elsewhere.yaml")
    write(tmp_path / "datasets" / "mine", transform("load", ["elsewhere"], ["elsewhere"]))
    assert dk("lint", "datasets/mine").out.count("unknown-dataset") == 2


def test_what_holds_no_manifest_is_an_error_and_never_a_false_green(dk: Dk, project: Path) -> None:
    (project / "README.md").write_text("hello")
    (project / "empty").mkdir()
    assert (dk("lint", "README.md").code, dk("lint", "empty").code) == (1, 1)
    assert "README.md: error[no-manifest] no manifest of" in dk("lint", "README.md").out
    assert "empty: error[empty-project] no manifest of" in dk("lint", "empty").out


def test_a_path_that_is_not_there_is_a_fault_of_usage(dk: Dk, project: Path) -> None:
    said = dk("lint", "dataset/user.yaml")
    assert (said.code, said.out) == (2, "")
    assert said.err == "dk: there is no file or folder dataset/user.yaml\n  fix: did you mean 'users.yaml'?\n"


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "kind: " + "[" * 50_000 + "]" * 50_000,
        HEAD + "kind:\n  " + "- " * 50_000 + "x",
        HEAD + "kind: DataSet\nmetadata: {name: x, ? [a] : b}",
        HEAD + "kind: DataSet\nmetadata: &a {name: *a}",
        HEAD + "kind: !!python/object:os.system x",
        HEAD + "\0",
        HEAD + "kind: {}",
    ],
    ids=["deep flow", "deep blocks", "key that is a list", "recursion", "Python's tags", "no text", "kind of mapping"],
)
def test_no_text_however_odd_ends_in_anything_but_findings(dk: Dk, project: Path, text: str) -> None:
    (project / "odd.yaml").write_text(text)
    said = dk("lint", "odd.yaml")
    assert (said.code, said.err) == (1, "")
    assert "odd.yaml:" in said.out


def test_bytes_that_are_no_text_are_a_finding(dk: Dk, project: Path) -> None:
    (project / "odd.yaml").write_bytes(b"datakit.\xff")
    assert "odd.yaml: error[unreadable]" in dk("lint").out


def test_a_policy_is_checked_with_the_arguments_of_its_rules(dk: Dk, project: Path) -> None:
    policy = manifest("Policy", "p", "spec: {rules: [{rule: pii-declred}, {rule: naming, pattern: '['}]}")
    write(project, policy, file="policies/p.yaml")
    codes = [each["code"] for each in dk("lint", "--output", "json").document["findings"]]
    assert codes == ["unknown-rule", "invalid-value"]


def test_every_fault_of_a_policy_is_told_at_its_line(dk: Dk, project: Path) -> None:
    write(
        project,
        manifest(
            "Policy",
            "p",
            """
            spec:
              rules:
                - {rule: custom, name: owned, expression: "dataset.onwer != ''", message: m}
                - {rule: custom, name: named, expression: "transform.inputs.all(i, i != '') || store.nam == ''"}
              waivers:
                - {rule: owned, target: users, owner: ann, reason: later, expires: 2030-01-01}
                - {rule: ownd, target: dataset/users, owner: ann, reason: later, expires: 2030-01-01}
            """,
        ),
        file="policies/p.yaml",
    )
    found = dk("lint", "--output", "json").document["findings"]
    assert [(each["line"], each["code"]) for each in found] == [
        (6, "invalid-value"),
        (7, "missing-field"),
        (7, "invalid-value"),
        (9, "invalid-value"),
        (10, "unknown-rule"),
    ]
    assert "dataset has no field 'onwer'; did you mean 'owner'?" in found[0]["message"]
