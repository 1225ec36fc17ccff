"""`dk validate` knows whether a secret is set, wherever the program would look for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Called, Dk
from tests.manifest.writing import manifest, write

STORE = manifest(
    "Store",
    "lake",
    "spec: {connector: duckdb, connection: {path: lake.duckdb}, secrets: {token: '${SHOP_TOKEN}'}}",
)
PULUMI = "name: shop\nruntime: python\nstackConfigDir: stacks\n"


@pytest.fixture
def wanting(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a Store that takes a secret, in the folder of a Pulumi project."""
    for name in ("SHOP_TOKEN", "DATAKIT_SECRETS_FILE"):
        monkeypatch.delenv(name, raising=False)
    write(project, STORE, file="store/lake.yaml")
    write(project, PULUMI, file="Pulumi.yaml")
    return project


def unset(called: Called) -> list[str]:
    return [each["message"] for each in called.document["findings"] if each["code"] == "unset-variable"]


def test_a_secret_that_is_set_nowhere_is_told_with_the_places(dk: Dk, wanting: Path) -> None:
    (message,) = unset(dk("validate", "--output", "json"))
    assert message == (
        "Store lake takes its secret token from ${SHOP_TOKEN}, which is not set; looked in the process's environment, "
        "then the config secrets of stack dev, then the file .datakit/secrets.env"
    )


@pytest.mark.parametrize("namespace", ["shop", "datakit"])
def test_a_config_secret_of_the_stack_is_known_by_its_name(dk: Dk, wanting: Path, namespace: str) -> None:
    write(wanting, f"config:\n  {namespace}:SHOP_TOKEN:\n    secure: v1:abc\n", file="stacks/Pulumi.dev.yaml")
    assert unset(dk("validate", "--output", "json")) == []


@pytest.mark.parametrize(
    "config",
    [
        "config:\n  shop:SHOP_TOKEN: in-clear\n",
        "config:\n  other:SHOP_TOKEN:\n    secure: v1:abc\n",
        "config: [\n",
        "config: nothing\n",
        "[]\n",
    ],
)
def test_a_config_that_holds_no_such_secret_does_not_count(dk: Dk, wanting: Path, config: str) -> None:
    write(wanting, config, file="stacks/Pulumi.dev.yaml")
    assert len(unset(dk("validate", "--output", "json"))) == 1


def test_a_config_secret_counts_for_its_own_stack(dk: Dk, wanting: Path) -> None:
    write(wanting, manifest("Environment", "prod", ""), file="environments/prod.yaml")
    write(wanting, "config:\n  shop:SHOP_TOKEN:\n    secure: v1:abc\n", file="stacks/Pulumi.prod.yaml")
    assert unset(dk("validate", "--env", "prod", "--output", "json")) == []
    assert len(unset(dk("validate", "--env", "dev", "--output", "json"))) == 1


def test_a_file_of_secrets_lies_beside_the_pulumi_project(dk: Dk, wanting: Path) -> None:
    file = write(wanting, "SHOP_TOKEN=hunter2-planted\n", file=".datakit/secrets.env") / ".datakit/secrets.env"
    file.chmod(0o644)
    called = dk("validate", "--output", "json")
    assert "secrets-file" in [each["code"] for each in called.document["findings"]]
    file.chmod(0o600)
    called = dk("validate", "--output", "json")
    assert unset(called) == []
    assert "hunter2-planted" not in called.out + called.err
