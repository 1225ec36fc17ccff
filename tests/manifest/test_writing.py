"""Writing manifests: what is written is read back equal."""

from __future__ import annotations

from pathlib import Path

import pytest

from datakit_iac.manifest.dataset import DataSet
from datakit_iac.manifest.load import load
from datakit_iac.manifest.writing import to_yaml
from tests.manifest.writing import PROJECT, manifest, write


def test_a_whole_project_is_read_back_as_it_was(tmp_path: Path) -> None:
    project = load(write(tmp_path / "first", *PROJECT))
    assert list(load(write(tmp_path / "second", *map(to_yaml, project)))) == list(project)


@pytest.mark.parametrize(
    "value", ["yes", "'007'", "2024-01-01", "1e3", "'='", "'~'", "é 😀", '"a\\nb\\t "', "-.inf", "0o17"]
)
def test_a_free_value_keeps_its_type(tmp_path: Path, value: str) -> None:
    text = manifest("Store", "s", f"spec: {{connector: c, connection: {{value: {value}}}}}")
    store = load(write(tmp_path / "first", text)).stores["s"]
    again = load(write(tmp_path / "second", to_yaml(store))).stores["s"]
    assert repr(again.spec.connection) == repr(store.spec.connection)


def test_fields_as_they_are_by_default_are_left_out() -> None:
    dataset = DataSet.model_validate({"metadata": {"name": "users"}, "spec": {"store": "s", "table": "t", "owner": ""}})
    assert "owner" not in to_yaml(dataset)
