"""`dk dataset create`: a manifest beside the others, and never a lost word."""

from __future__ import annotations

import io
from pathlib import Path
from typing import get_args

import pytest
import yaml

from datakit_iac.cli.commands.dataset import create
from datakit_iac.cli.scaffold.editing import NotEditableError, edited
from datakit_iac.manifest.loading.loader import load
from datakit_iac.manifest.models.dataset import Classification, Format, Tier
from tests.cli.conftest import Dk
from tests.manifest.writing import HEAD

COMMENTED = f"""\
# Who comes.
{HEAD}kind: DataSet
metadata: {{name: visits}}
spec:
    store:   warehouse   # where else
    table: raw.visits

    owner: 'web-team'   # ask them
    description: >-
      Every visit,
      one row each.
    schema:
    - {{name: id,   type: integer, primaryKey: true}}   # the key
    - name: page
      type: string
"""


class Answers(io.StringIO):
    """A terminal at which somebody types lines."""

    def isatty(self) -> bool:
        return True


def test_a_dataset_is_written_beside_the_others_and_is_right(dk: Dk, project: Path) -> None:
    words = ["--store", "warehouse", "--table", "raw.orders", "--classification", "internal", "--owner", "shop-team"]
    said = dk("dataset", "create", "orders", *words, "--output", "json")
    assert (said.code, said.err) == (0, "")
    assert said.document == {"name": "orders", "written": ["dataset/orders.yaml"], "kept": []}
    made = load(project).datasets["orders"].spec
    assert (made.store, made.table, made.classification, made.owner) == (
        "warehouse",
        "raw.orders",
        "internal",
        "shop-team",
    )
    assert dk("lint", "--strict").code == 0


@pytest.mark.parametrize(
    ("there", "made"),
    [
        ("datasets/{}/dk.yaml", "datasets/orders/dk.yaml"),
        ("datasets/{}/dataset.yaml", "datasets/orders/dataset.yaml"),
        ("data/{}.yml", "data/orders.yml"),
        ("all.yaml", "dataset/orders.yaml"),
    ],
)
def test_the_layout_of_the_project_is_followed(dk: Dk, project: Path, there: str, made: str) -> None:
    for name in ("raw", "users", "summary", "notes"):
        file = project / there.format(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        text = (project / "dataset" / f"{name}.yaml").read_text()
        with file.open("a") as stream:
            stream.write(f"---\n{text}")
        (project / "dataset" / f"{name}.yaml").unlink()
    assert dk("dataset", "create", "orders", "--store", "warehouse", "--topic", "orders").code == 0
    assert (project / made).is_file()
    assert load(project).datasets["orders"].spec.topic == "orders"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ["users", "--store", "warehouse", "--table", "t"],
            "there is a DataSet 'users' already, in dataset/users.yaml:1",
        ),
        (
            ["new", "--store", "warehose", "--table", "t"],
            "unknown Store 'warehose'\n  fix: did you mean 'ware",
        ),
        (["new", "--store", "warehouse"], "a new DataSet needs a Store and its place there"),
        (["new", "--table", "t"], "a new DataSet needs a Store and its place there"),
        (["new", "--store", "warehouse", "--table", "t", "--topic", "t"], "not allowed with argument --table"),
        (["new", "--store", "warehouse", "--table", "t", "--version", "1"], "version: '1' is not "),
        (["New", "--store", "warehouse", "--table", "t"], "'New' is not a valid name of a manifest"),
        (["new", "--interactive"], "standard input is not a terminal"),
    ],
)
def test_what_cannot_be_written_is_refused(
    dk: Dk, project: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], told: str
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    before = sorted(project.rglob("*"))
    said = dk("dataset", "create", *words)
    assert (said.code, said.out) == (2, "")
    assert told in said.err
    assert sorted(project.rglob("*")) == before


def test_force_changes_what_is_given_and_keeps_every_other_character(dk: Dk, project: Path) -> None:
    file = project / "dataset" / "visits.yaml"
    file.write_text(COMMENTED)
    file.chmod(0o640)
    words = ["--prefix", "visits/", "--owner", "data: team", "--tier", "gold", "--force"]
    assert dk("dataset", "create", "visits", *words).code == 0
    expected = COMMENTED.replace("table: raw.visits", "prefix: visits/").replace("'web-team'", '"data: team"')
    assert file.read_text() == expected.replace("# where else\n", "# where else\n    tier: gold\n")
    assert file.stat().st_mode & 0o777 == 0o640
    assert [each.name for each in file.parent.iterdir() if each.name.startswith(".")] == []


def test_force_changes_one_document_of_several(dk: Dk, project: Path) -> None:
    file = project / "dataset" / "both.yaml"
    other = COMMENTED.replace("visits", "clicks")
    file.write_text(f"{other}---\n{COMMENTED}")
    assert dk("dataset", "create", "visits", "--tier", "silver", "--force").code == 0
    assert file.read_text().startswith(other)
    assert load(project).datasets["visits"].tier == "silver"
    assert load(project).datasets["clicks"].tier is None


def test_force_without_a_change_writes_nothing(dk: Dk, project: Path) -> None:
    said = dk("dataset", "create", "users", "--store", "warehouse", "--force", "--output", "json")
    assert (said.code, said.document["written"]) == (0, [])


def test_force_never_drops_what_a_file_holds_besides(dk: Dk, project: Path) -> None:
    file = project / "dataset" / "orders.yaml"
    file.write_text(COMMENTED)
    words = ["orders", "--store", "warehouse", "--table", "orders"]
    assert dk("dataset", "create", *words).code == 2
    assert file.read_text() == COMMENTED
    assert dk("dataset", "create", *words, "--force").code == 0
    assert file.read_text().startswith(COMMENTED + "---\n")
    assert {"orders", "visits"} <= set(load(project).datasets)


def test_a_broken_file_is_left_alone_even_by_force(dk: Dk, project: Path) -> None:
    (project / "dataset" / "orders.yaml").write_text("a: [")
    (project / "dataset" / "wrong.yaml").write_text(f"{HEAD}kind: DataSet\nmetadata: {{name: wrong}}\nspec: {{}}\n")
    for name, told in (("orders", "is there and is not valid YAML"), ("wrong", "'wrong' already, and it is invalid")):
        said = dk("dataset", "create", name, "--store", "warehouse", "--table", "t", "--force")
        assert said.code == 2
        assert told in said.err
    assert (project / "dataset" / "orders.yaml").read_text() == "a: ["


def test_the_name_of_a_group_is_taken(dk: Dk, project: Path) -> None:
    group = f"{HEAD}kind: DataSetGroup\nmetadata: {{name: both}}\nspec: {{store: warehouse, datasets: [raw, users]}}\n"
    (project / "group.yaml").write_text(group)
    said = dk("dataset", "create", "both", "--store", "warehouse", "--table", "t", "--force")
    assert said.code == 2
    assert "there is a DataSetGroup 'both' already, in group.yaml:1:1" in said.err


def test_questions_are_asked_for_what_is_not_given(dk: Dk, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    typed = ["warehose", "", "", "raw.orders", "internal", "shop-team", "Every order.", "id", "int", "yes", ""]
    typed += ["mail", "txet", "text", "yes", ""]
    monkeypatch.setattr("sys.stdin", Answers("\n".join(typed) + "\n"))
    said = dk("dataset", "create", "orders", "--interactive")
    assert (said.code, said.out) == (0, "DataSet orders:\n  dataset/orders.yaml\n")
    assert "'warehose' is not one of them; did you mean 'warehouse'?" in said.err
    assert "did you mean 'text'" in said.err
    made = load(project).datasets["orders"].spec
    assert (made.store, made.table, made.owner) == ("warehouse", "raw.orders", "shop-team")
    assert [(each.name, str(each.type), each.primary_key, each.pii) for each in made.columns] == [
        ("id", "integer", True, False),
        ("mail", "string", False, True),
    ]


def test_answers_that_end_write_nothing(dk: Dk, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Answers("warehouse\n"))
    said = dk("dataset", "create", "orders", "--interactive")
    assert said.code == 2
    assert "the answers ended; nothing was written" in said.err
    assert not (project / "dataset" / "orders.yaml").exists()


def test_the_words_offered_are_those_of_the_manifest() -> None:
    words = {"format": Format, "classification": Classification, "tier": Tier}
    assert {name: get_args(kind) for name, kind in words.items()} == create._CHOICES


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("spec: {store: a, table: t}\n", {"store": "b", "tier": "gold"}, "spec: {store: b, tier: gold, table: t}\n"),
        ("spec:\n  store: a", {"tier": "gold"}, "spec:\n  store: a\n  tier: gold"),
        ("spec:\n  schema: []\n  store: ä\n", {"store": "ü"}, 'spec:\n  schema: []\n  store: "ü"\n'),
        ("spec:\r\n  store: a # x\r\n", {"owner": "yes"}, 'spec:\r\n  store: a # x\r\n  owner: "yes"\r\n'),
        ("spec:\n  store: a\n...\n", {"store": "1.0"}, 'spec:\n  store: "1.0"\n...\n'),
    ],
)
def test_values_are_put_where_the_old_ones_stand(text: str, values: dict[str, str], expected: str) -> None:
    assert yaml.safe_load(edited(text, 0, values)) == yaml.safe_load(expected)
    assert edited(text, 0, values).replace("\r", "") == expected.replace("\r", "")


@pytest.mark.parametrize("text", ["spec:\n  owner: |\n    us\n", "spec: []\n", "a: 1\n", "spec: {owner: [us]}\n"])
def test_what_cannot_be_edited_is_said(text: str) -> None:
    with pytest.raises(NotEditableError):
        edited(text, 0, {"owner": "them"})
