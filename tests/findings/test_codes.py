"""The registry of codes, against the source that gives them and the page that explains them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from datakit_iac.findings.codes import CODES, severity_of
from datakit_iac.policy.rules import BUILT_IN
from tests.docs.codes import codes

ROOT = Path(__file__).parents[2]


def test_every_code_that_the_source_gives_is_registered_and_no_other() -> None:
    assert codes(ROOT / "datakit_iac").found == set(CODES)


@pytest.mark.parametrize("code", CODES.values(), ids=lambda code: code.name)
def test_a_code_is_a_heading_of_its_page(code: tuple[str, str, str, str]) -> None:
    name, title, _, page = code
    assert re.search(rf"^### `{name}`$", (ROOT / "docs" / page).read_text(), re.MULTILINE)
    assert title[0].isupper()
    assert title[-1].isalnum()


def test_no_code_is_a_rule_of_policies() -> None:
    assert CODES.keys().isdisjoint(rule.name for rule in BUILT_IN)


def test_a_code_that_is_not_registered_is_as_severe_as_a_rule() -> None:
    assert (severity_of("not-used"), severity_of("unknown-field"), severity_of("my-rule")) == (
        "warning", "error", "error",
    )  # fmt: skip
