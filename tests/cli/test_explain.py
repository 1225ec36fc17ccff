"""`dk explain`: what a code means."""

from __future__ import annotations

import pytest

from datakit_iac.findings.codes import CODES
from datakit_iac.policy.rules import BUILT_IN
from tests.cli.conftest import Dk


def test_a_code_is_explained_as_the_page_does(dk: Dk) -> None:
    ran = dk("explain", "several-writers")
    assert ran.out.startswith("warning[several-writers] Several Transforms write one DataSet\n\n")
    assert "more than one Transform writes a DataSet" in ran.out


def test_every_code_and_every_rule_is_listed_and_explained(dk: Dk) -> None:
    listed = {each["code"] for each in dk("explain", "--output", "json").document}
    assert listed == {*CODES, *(rule.name for rule in BUILT_IN)}
    for code in listed:
        assert dk("explain", code, "--output", "json").document["meaning"]


@pytest.mark.parametrize("code", ["unknown-fild", "Unknown field"])
def test_a_wrong_code_is_named_with_the_nearest(dk: Dk, code: str) -> None:
    ran = dk("explain", code)
    assert (ran.code, ran.out) == (2, "")
    assert f"unknown code '{code}'" in ran.err
    assert "did you mean 'unknown-field'?" in ran.err
