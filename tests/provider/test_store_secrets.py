"""What reaches a Store in an update, and what of it a state keeps."""

from __future__ import annotations

from typing import Any

import pytest

from datakit_iac.manifest.values.secret import Secret
from datakit_iac.provider.property_values import UNKNOWN
from datakit_iac.provider.store_secrets import StoreSecrets

RUN, DATASET, INBOX = (f"urn:pulumi:dev::shop::datakit:index:{kind}::users" for kind in ("Run", "DataSet", "Store"))
STORE: dict[str, Any] = {"name": "inbox", "technology": "files", "connection": {"path": "inbox"}}
SECRETS = {"token": Secret("hunter2")}
CONTRACT = {"name": "users", "store": {**STORE, "secrets": SECRETS}}
BARE = {"name": "users", "store": STORE}
CARRIED = {"stores": {"inbox": {"location": "files:inbox", "secrets": SECRETS}}}


def carrying(configuration: dict[str, Any] = CARRIED) -> StoreSecrets:
    made = StoreSecrets()
    made.configure(configuration)
    return made


def test_a_run_gets_back_what_its_state_does_not_keep() -> None:
    lent = StoreSecrets()
    recorded = lent.taken(RUN, {"inputs": [CONTRACT], "outputs": [CONTRACT], "env": SECRETS})
    assert recorded == {"inputs": [BARE], "outputs": [BARE], "env": SECRETS}
    assert lent.given(RUN, recorded) == {"inputs": [CONTRACT], "outputs": [CONTRACT], "env": SECRETS}
    assert StoreSecrets().given(RUN, recorded) == recorded, "of another process"
    assert carrying().given(RUN, recorded) == {"inputs": [CONTRACT], "outputs": [CONTRACT], "env": SECRETS}


def test_a_dataset_that_nothing_carries_the_secrets_of_keeps_its_own() -> None:
    assert StoreSecrets().taken(DATASET, CONTRACT) == CONTRACT
    assert StoreSecrets().recorded(DATASET, CONTRACT) == CONTRACT


def test_a_dataset_is_given_what_the_provider_carries_and_records_none_of_it() -> None:
    assert carrying().given(DATASET, BARE) == carrying().given("", BARE) == CONTRACT
    assert carrying().recorded(DATASET, CONTRACT) == BARE
    own = {"name": "users", "store": {**STORE, "secrets": {"token": Secret("of an earlier release")}}}
    assert carrying().given(DATASET, own) == own


def test_what_is_not_known_yet_is_left_as_it_is() -> None:
    unknown = {"inputs": UNKNOWN, "outputs": [UNKNOWN, {"name": "users", "store": UNKNOWN}]}
    assert StoreSecrets().taken(RUN, unknown) == unknown
    assert carrying().given(DATASET, {"name": "users", "store": UNKNOWN}) == {"name": "users", "store": UNKNOWN}


def test_a_rotated_secret_is_a_difference_of_its_store_alone() -> None:
    rotated = {"stores": {"inbox": {"location": "files:inbox", "secrets": {"token": Secret("since")}}}}
    made = StoreSecrets()
    assert made.difference(CARRIED, rotated).changed == {"stores": "update"}
    made.configure(rotated)
    assert made.compared(INBOX, STORE, STORE) == (
        {**STORE, "secrets": SECRETS},
        {**STORE, "secrets": {"token": Secret("since")}},
    )
    assert made.compared(DATASET, BARE, BARE) == (BARE, BARE)


@pytest.mark.parametrize(
    "after",
    [{"stores": {}}, {"stores": {"inbox": {"location": "files:other", "secrets": SECRETS}}}],
    ids=["gone", "elsewhere"],
)
def test_a_store_that_is_left_replaces_the_provider_and_no_resource_of_it(after: dict[str, Any]) -> None:
    assert StoreSecrets().difference(CARRIED, after).replace == ["stores"]
    assert carrying(after).difference(CARRIED, after).replace == [], "asked for a resource of the former provider"
    assert StoreSecrets().difference(after, {"stores": {**CARRIED["stores"], **after["stores"]}}).replace == []


def test_what_a_stack_configures_for_programs_is_none_of_the_providers() -> None:
    for stores in ("a text", {"inbox": "a text"}, {"inbox": {"secrets": None}}):
        made = carrying({"project": "project", "stores": stores})
        assert made.given(DATASET, BARE) == BARE
        assert made.difference({}, {"stores": stores}).changed == {}
