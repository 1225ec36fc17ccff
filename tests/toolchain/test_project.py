from __future__ import annotations

from pathlib import Path

import pytest

from datakit_iac.toolchain.errors import ToolchainError
from datakit_iac.toolchain.setup import project
from tests.toolchain.conftest import script


@pytest.mark.parametrize(
    "backend",
    [
        "backend:\n  url: file://./.state\n",
        "backend:\n  url: file://./.state?metadata=skip\n",
        "backend: {url: 'file://./.state'}\n",
        'backend: {url: "file://.state"}',
    ],
)
def test_a_project_says_where_its_state_is(tmp_path: Path, backend: str) -> None:
    (tmp_path / "Pulumi.yaml").write_text(f"name: app\n# url: file://no\n{backend}")

    found = project.read(tmp_path, {})

    assert (found.name, found.state) == ("app", tmp_path / ".state")


def test_the_environment_overrides_where_the_state_is(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: app\nbackend: {url: 'file://./.state'}\n")

    assert project.read(tmp_path, {"PULUMI_BACKEND_URL": "s3://bucket"}).state is None
    assert project.read(tmp_path, {"PULUMI_BACKEND_URL": "file:///var/state"}).state == Path("/var/state")


def test_a_folder_without_a_project_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ToolchainError, match=r"Pulumi.yaml cannot be read"):
        project.read(tmp_path, {})


def test_the_stack_is_made_once(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: app\nbackend: {url: 'file://./.state'}\n")
    stacks = tmp_path / ".state" / ".pulumi" / "stacks" / "app"
    wrapper = script(tmp_path / "pulumi", f"echo x >> {tmp_path}/calls; mkdir -p {stacks}; touch {stacks}/dev.json")
    app = project.read(tmp_path, {})

    for _ in range(2):
        project.prepare(app, "dev", wrapper, {})

    assert (tmp_path / "calls").read_text() == "x\n"


def test_a_lost_passphrase_is_told_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: app\nbackend: {url: 'file://./.state'}\n")
    wrapper = script(tmp_path / "pulumi", "echo 'error: passphrase must be set'; exit 255")

    with pytest.raises(ToolchainError) as caught:
        project.prepare(project.read(tmp_path, {}), "dev", wrapper, {})

    assert "PULUMI_CONFIG_PASSPHRASE" in caught.value.fix
    assert "Pulumi.dev.yaml" in caught.value.fix
