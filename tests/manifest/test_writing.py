"""Writing manifests: what is written is read back equal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datakit_iac.manifest.loading.loader import load
from datakit_iac.manifest.loading.yaml_reader import documents
from datakit_iac.manifest.models.dataset import DataSet
from datakit_iac.manifest.models.store import Store
from datakit_iac.manifest.writing import to_yaml
from tests.manifest.writing import PROJECT, manifest, write

ODD = ["yes", "No", "~", "=", "<<", "007", "1e3", "12:30", "2024-01-01", "- a", "a: b", "# c", "'", '"', "\ta", " a "]


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


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\x85\u2028\u2029"), max_size=30)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT | st.dates() | st.sampled_from(ODD),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
COLUMN: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    type=st.sampled_from(["int", "decimal(10,2)", "array<text>", "timestamptz"]),
    description=TEXT,
    pii=st.sampled_from([None, True, False]),
    tests=st.lists(
        st.sampled_from(["unique", {"not_null": True}, {"accepted_values": {"values": ["yes", 1, None]}}]), max_size=2
    ),
)


@given(connection=st.dictionaries(TEXT, VALUE, max_size=4), columns=st.lists(COLUMN, max_size=3), labels=TEXT)
@settings(max_examples=300, deadline=None, derandomize=True, database=None)
def test_what_is_written_is_read_back_equal(
    connection: dict[str, Any], columns: list[dict[str, Any]], labels: str
) -> None:
    store = Store.model_validate({"metadata": {"name": "s"}, "spec": {"connector": "c", "connection": connection}})
    schema = [{"name": f"c{number}", **column} for number, column in enumerate(columns)]
    spec = {"store": "s", "table": "t", "schema": schema}
    dataset = DataSet.model_validate({"metadata": {"name": "d", "labels": {"a": labels}}, "spec": spec})
    for written in (store, dataset):
        (again,) = documents(to_yaml(written).encode())
        assert type(written).model_validate(again) == written
