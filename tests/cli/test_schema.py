"""`dk schema`: what editors check manifests with."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from datakit_iac.manifest.json_schema import schema, schema_of_all
from datakit_iac.manifest.models.kinds import KINDS
from tests.cli.conftest import Dk
from tests.manifest.writing import PROJECT

EXAMPLES = Path(__file__).parents[2] / "examples"
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def documents() -> list[dict[str, Any]]:
    texts = [*PROJECT, *(file.read_text() for file in EXAMPLES.rglob("*.yaml"))]
    found = [document for text in texts for document in yaml.safe_load_all(text)]
    return [each for each in found if str((each or {}).get("apiVersion", "")).startswith("datakit.")]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_one(dk: Dk, kind: str) -> None:
    document = dk("schema", kind.lower()).document
    assert (document["$schema"], document["title"]) == (DIALECT, kind)
    assert document["$id"] == f"https://datakit.infoblox.dev/v1alpha1/{kind}.schema.json"
    assert {"apiVersion", "kind", "metadata"} <= set(document["required"])
    Draft202012Validator.check_schema(document)


def test_one_stands_for_all_of_them(dk: Dk) -> None:
    document = dk("schema").document
    assert document["properties"]["kind"]["enum"] == list(KINDS)
    Draft202012Validator.check_schema(document)


def test_definitions_of_one_name_are_the_same_in_every_kind() -> None:
    known: dict[str, Any] = {}
    for kind in KINDS:
        for name, definition in schema(kind).get("$defs", {}).items():
            assert known.setdefault(name, definition) == definition


def test_what_we_accept_it_accepts() -> None:
    validator = Draft202012Validator(schema_of_all())
    found = documents()
    assert len(found) > 30
    for document in found:
        # Dates are text to an editor.
        assert [fault.message for fault in validator.iter_errors(json.loads(json.dumps(document, default=str)))] == []


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("DataSet", {"store": "w", "table": "t", "tier": "golden"}),
        ("DataSet", {"store": "w", "table": "t", "schema": [{"name": "a", "type": "text", "tests": ["uniqe"]}]}),
        ("Transform", {"runtime": "cloudquery", "inputs": []}),
        ("Environment", {"approval": "nobody"}),
    ],
)
def test_what_we_refuse_it_refuses(kind: str, spec: dict[str, Any]) -> None:
    head = {"apiVersion": "datakit.infoblox.dev/v1alpha1", "kind": kind, "metadata": {"name": "x"}}
    assert list(Draft202012Validator(schema_of_all()).iter_errors({**head, "spec": spec}))


def test_the_line_that_the_readme_shows_names_the_file_that_it_makes() -> None:
    readme = (EXAMPLES.parent / "README.md").read_text()
    named = re.findall(r"yaml-language-server: \$schema=\.\./([\w./-]+)", readme)  # from dataset/users.yaml
    assert named
    assert set(named) <= set(re.findall(r"dk schema > ([\w./-]*\w)", readme))


def test_the_wheel_carries_what_is_printed(dk: Dk) -> None:
    with (EXAMPLES.parent / "pyproject.toml").open("rb") as file:
        shipped = tomllib.load(file)["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    (folder,) = [EXAMPLES.parent / source for source, goal in shipped.items() if goal == "datakit_iac/manifest/schemas"]
    assert json.loads((folder / "manifest.schema.json").read_text()) == dk("schema").document
    for kind in KINDS:
        assert json.loads((folder / f"{kind}.schema.json").read_text()) == dk("schema", kind).document


def test_an_unknown_kind_names_the_nearest(dk: Dk) -> None:
    said = dk("schema", "Datset")
    assert (said.code, said.err) == (2, "dk: unknown kind 'Datset'\n  fix: did you mean 'DataSet'?\n")
