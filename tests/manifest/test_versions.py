"""Version ranges, as npm and Python write them."""

from __future__ import annotations

import pytest

from datakit_iac.manifest.versions import satisfies

TABLE = {
    "1.4.2": (["1.4.2", "1.4.2+build.5"], ["1.4.3", "1.4.1", "1.4.2-rc.1"]),
    "1.4": (["1.4.0", "1.4.9"], ["1.5.0", "1.3.9"]),
    "1": (["1.0.0", "1.99.0"], ["2.0.0", "0.9.0"]),
    "v1.4.2": (["1.4.2"], ["1.4.3"]),
    "^1.4.2": (["1.4.2", "1.9.0"], ["1.4.1", "2.0.0"]),
    "^1.4": (["1.4.0", "1.9.0"], ["1.3.9", "2.0.0"]),
    "^1": (["1.0.0", "1.9.0"], ["0.9.9", "2.0.0"]),
    "^0.4.1": (["0.4.1", "0.4.9"], ["0.5.0", "0.4.0"]),
    "^0.0.3": (["0.0.3"], ["0.0.4", "0.0.2"]),
    "^0.0": (["0.0.0", "0.0.9"], ["0.1.0"]),
    "^0": (["0.0.1", "0.9.0"], ["1.0.0"]),
    "~1.4.2": (["1.4.2", "1.4.9"], ["1.5.0", "1.4.1"]),
    "~1.4": (["1.4.0", "1.4.9"], ["1.5.0"]),
    "~1": (["1.0.0", "1.9.0"], ["2.0.0"]),
    ">=1.4,<2": (["1.4.0", "1.9.9"], ["1.3.9", "2.0.0"]),
    "!=1.4.2": (["1.4.1"], ["1.4.2"]),
    ">1.4": (["1.5.0"], ["1.4.0", "1.4.9"]),
    "<=1.4": (["1.4.9"], ["1.5.0"]),
    "~=1.4": (["1.4.0", "1.9.0"], ["2.0.0"]),
    "~=1.4.2": (["1.4.2", "1.4.9"], ["1.5.0"]),
    "==1.4.*": (["1.4.9"], ["1.5.0"]),
    "1.4.2-rc.1": (["1.4.2-rc.1"], ["1.4.2", "1.4.2-rc.2"]),
    "^1.4.2-beta": (["1.4.2-beta", "1.4.2-rc.1", "1.4.2", "1.9.0"], ["1.4.2-alpha", "1.5.0-beta", "2.0.0"]),
    "<2": (["1.9.9"], ["2.0.0", "2.0.0-rc.1", "1.0.0-alpha.beta"]),
}


@pytest.mark.parametrize("constraint", TABLE)
def test_a_range_holds_these_versions_and_no_others(constraint: str) -> None:
    inside, outside = TABLE[constraint]
    assert [each for each in inside if not satisfies(each, constraint)] == []
    assert [each for each in outside if satisfies(each, constraint)] == []


@pytest.mark.parametrize("constraint", ["newest", "1.x", ">=1 <2", "^", "!=1.4", "1.4.2.1.x"])
def test_what_is_no_range_is_refused(constraint: str) -> None:
    with pytest.raises(ValueError, match="is no version range"):
        satisfies("1.4.2", constraint)
