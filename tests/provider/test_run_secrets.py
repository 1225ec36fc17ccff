"""What a Run is lent for an update, and what its state keeps."""

from __future__ import annotations

from typing import Any

from datakit_iac.manifest.values.secret import Secret
from datakit_iac.provider.property_values import UNKNOWN
from datakit_iac.provider.run_secrets import RunSecrets

RUN, DATASET = (f"urn:pulumi:dev::shop::datakit:index:{kind}::users" for kind in ("Run", "DataSet"))
STORE: dict[str, Any] = {"name": "inbox", "technology": "files", "connection": {"path": "inbox"}}
SECRETS = {"token": Secret("hunter2")}
CONTRACT = {"name": "users", "store": {**STORE, "secrets": SECRETS}}


def test_a_run_gets_back_what_its_state_does_not_keep() -> None:
    lent = RunSecrets()
    recorded = lent.taken(RUN, {"inputs": [CONTRACT], "outputs": [CONTRACT], "env": SECRETS})
    bare = {"name": "users", "store": STORE}
    assert recorded == {"inputs": [bare], "outputs": [bare], "env": SECRETS}
    assert lent.given(RUN, recorded) == {"inputs": [CONTRACT], "outputs": [CONTRACT], "env": SECRETS}
    assert RunSecrets().given(RUN, recorded) == recorded, "of another process"


def test_a_dataset_keeps_its_own_since_it_is_deleted_by_its_state_alone() -> None:
    assert RunSecrets().taken(DATASET, CONTRACT) == CONTRACT


def test_what_is_not_known_yet_is_left_as_it_is() -> None:
    unknown = {"inputs": UNKNOWN, "outputs": [UNKNOWN, {"name": "users", "store": UNKNOWN}]}
    assert RunSecrets().taken(RUN, unknown) == unknown
