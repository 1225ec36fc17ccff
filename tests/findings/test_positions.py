"""Where a finding is: looked up in its file when somebody asks, and once."""

from __future__ import annotations

from pathlib import Path

import pytest

from datakit_iac.findings.origin import Origin

TEXT = "kind: Store\nspec:\n  connector: pg\n---\nkind: DataSet\nspec:\n  store: s\n"


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    (tmp_path / "m.yaml").write_text(TEXT)
    return Origin(str(tmp_path / "m.yaml"), 1)


def test_a_field_is_found_by_its_value_and_an_unknown_one_by_its_key(origin: Origin) -> None:
    value = origin.finding("invalid-value", "m", ("spec", "store"))
    key = origin.finding("unknown-field", "m", ("spec", "store"))
    assert ((value.line, value.column), (key.line, key.column)) == ((7, 10), (7, 3))


def test_the_file_is_read_only_when_the_position_is_asked_for_and_once(origin: Origin) -> None:
    found = origin.finding("invalid-value", "m", ("spec", "store"))
    assert found.line == 7
    origin.file.write_text("")
    assert (found.line, found.column) == (7, 10)


@pytest.mark.parametrize("text", [None, "a: [", "\udcff"], ids=["gone", "broken", "no text"])
def test_a_file_that_changed_since_costs_only_the_line(origin: Origin, text: str | None) -> None:
    found = origin.finding("invalid-value", "m", ("spec", "store"))
    origin.file.unlink() if text is None else origin.file.write_bytes(text.encode(errors="surrogateescape"))
    assert (found.where, found.line) == (str(origin.file), 0)


def test_what_is_built_in_is_nowhere() -> None:
    found = Origin("", 0).finding("invalid-value", "m", ("spec", "store"))
    assert (found.where, found.path) == ("", "spec.store")
