"""`dk build`: what it prints and writes down, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from datakit_iac.version import __version__
from tests.cli.conftest import Dk, dk, project
from tests.images import wheels as packages
from tests.images.conftest import Containers

__all__ = ["dk", "project"]


@pytest.fixture
def shop(project: Path) -> Path:
    """The project, with the code of a Transform; the other one is of CloudQuery."""
    (project / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (project / "transforms" / "load" / "load.py").write_text("print('loaded')\n")
    report = project / "transforms" / "report" / "dk.yaml"
    report.write_text(
        report.read_text().replace("generic-python", "cloudquery").replace("command: [python, -m, load], ", "")
    )
    return project


def built(shop: Path) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = yaml.safe_load((shop / "datakit.lock").read_text())["built"]
    return found


def test_the_image_of_a_project_has_dk_and_the_project(
    dk: Dk, shop: Path, wheels: Path, containers: Containers
) -> None:
    needed = packages.lock(wheels, "datakit-iac").splitlines(keepends=True)
    (shop / "requirements.lock").write_text("".join(each for each in needed if not each.startswith("datakit-iac")))
    name = "localhost/shop:1"
    called = dk("build", "--tag", name, "--output", "json")
    assert called.code == 0, called.err
    first = called.document
    assert built(shop) == {"project": {"digest": first["digest"], "base": first["base"]}}
    again = dk("build")
    assert again.code == 0, again.err
    assert again.out.splitlines() == [first["digest"], f"  layout: {shop}/.datakit/images/project"]
    assert dk("lock").code == 0
    assert list(built(shop)) == ["project"]

    assert containers.run(name, "dk", "--version") == f"dk {__version__}"
    assert containers.run(name, "dk", "lint").startswith(".: ")


def test_what_cannot_be_built_is_refused_and_written_nowhere(dk: Dk, shop: Path) -> None:
    def refused(*words: str) -> str:
        called = dk("build", *words)
        assert called.code in (1, 2)
        assert called.out == ""
        return called.err

    assert f"{shop} has no lock file: requirements.lock, uv.lock, or" in refused()
    assert "unknown Transform 'lod'\n  fix: did you mean 'load'?" in refused("lod")
    assert "Transform report runs by cloudquery, and an image of its own is for" in refused("transforms/report")
    assert "--push needs the name" in refused("--push")
    assert "--tag: 'Shop' is not an image" in refused("--tag", "Shop")
    assert "is not an OCI image layout" in refused("--layout", "dataset")
    assert not (shop / "datakit.lock").exists()
    (shop / "requirements.lock").write_text("greeting==1.0.0\n")
    assert "requirements.lock has no hashes" in refused()
    (shop / "requirements.lock").write_text("")
    assert "requirements.lock has no cel-expr-python, cronsim, " in refused()
    (shop / "datakit.lock").write_text("version: 9\n")
    assert "is not a lock file: its form is not version 1" in refused()
