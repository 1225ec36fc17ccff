"""The format of the state: it has a version, earlier ones are read, and a later one is refused."""

from __future__ import annotations

from typing import Any

import pytest

from datakit_iac.contract.state import VERSION, NewerStateError, current, versioned
from datakit_iac.provider.registry import TYPES
from datakit_iac.testing.lifecycle import Lifecycle, OperationError

CATALOG: dict[str, Any] = {"name": "duckdb", "technology": "duckdb"}


def test_what_is_recorded_has_a_version_that_no_operation_sees() -> None:
    with Lifecycle(TYPES) as lifecycle:
        catalog = lifecycle.subject("datakit:index:Connector", "duckdb")
        catalog.up(CATALOG)
        assert catalog.inputs == versioned(CATALOG)
        catalog.inputs = CATALOG  # as an earlier release recorded it
        assert catalog.up(CATALOG).kind == "same"


def test_a_state_of_a_later_release_is_refused() -> None:
    with Lifecycle(TYPES) as lifecycle:
        catalog = lifecycle.subject("datakit:index:Connector", "duckdb")
        catalog.up(CATALOG)
        catalog.inputs = {**CATALOG, VERSION: 99}
        with pytest.raises(OperationError, match="format 99"):
            catalog.up(CATALOG)
    with pytest.raises(NewerStateError):
        current({VERSION: "1"})


def test_words_of_an_earlier_release_are_left_out_wherever_a_contract_is() -> None:
    column = {"name": "email", "type": "string"}
    before = {"schema": [{**column, "masking": "sha256"}, {**column, "masking": "hash"}], "context": [{}]}
    after = {"schema": [column, {**column, "masking": "hash"}]}
    assert current(before) == after
    assert current({"outputs": [before], "inputs": ["users"]}) == {
        "outputs": [{**after, "context": [{}]}],
        "inputs": ["users"],
    }
