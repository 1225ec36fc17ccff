"""Images of Transforms and projects: the same for the same inputs, and real, as a container engine shows."""

from __future__ import annotations

import hashlib
import json
import resource
import shutil
import sys
import tarfile
from pathlib import Path

import pytest

from datakit_iac.images import machine
from datakit_iac.images.base_image import architecture
from datakit_iac.images.build import Builder, Built
from datakit_iac.images.engine import engine
from datakit_iac.images.fault import ImageError
from datakit_iac.images.layout import BLOBS, finish
from tests.images import wheels as packages
from tests.images.conftest import Containers
from tests.images.registry import serving

MODULE = "def main(): print('hello from', __file__)\n"
MAIN = """
import greeting, os, sys
greeting.main()
print(os.getuid(), os.getcwd(), sys.argv[1:], os.environ.get("TOKEN"))
"""
COMMAND = ("python", "main.py", "--full")


@pytest.fixture
def code(tmp_path: Path, wheels: Path) -> Path:
    """The folder of a Transform that prints what it knows."""
    folder = tmp_path / "load"
    folder.mkdir()
    (folder / "main.py").write_text(MAIN)
    (folder / "requirements.txt").write_text(packages.made(wheels, "greeting", "1.0.0", MODULE))
    return folder


def build(code: Path, layout: Path, base: str = "", reference: str = "") -> Built:
    return Builder(layout, base, reference).python(code, COMMAND, locked_in=())


def contents(layout: Path) -> dict[str, bytes]:
    return {file.relative_to(layout).as_posix(): file.read_bytes() for file in layout.rglob("*") if file.is_file()}


def test_the_same_inputs_make_the_same_image(code: Path, wheels: Path, tmp_path: Path) -> None:
    built = build(code, tmp_path / "one" / "layout")
    elsewhere = tmp_path / "elsewhere" / "of another name"
    shutil.copytree(code, elsewhere, copy_function=shutil.copyfile)  # other times, other folders
    (elsewhere / "main.py").chmod(0o600)
    (elsewhere / "__pycache__").mkdir()
    (elsewhere / "__pycache__" / "main.pyc").write_bytes(b"made")
    (elsewhere / ".env").write_text("TOKEN=secret")
    again = build(elsewhere, tmp_path / "two")
    assert again.digest == built.digest
    assert contents(tmp_path / "two") == contents(built.layout)
    assert [each.name for each in built.layout.parent.iterdir()] == ["layout"]

    (elsewhere / "main.py").write_text(MAIN + "\n")
    assert build(elsewhere, tmp_path / "two").digest != built.digest
    (code / "requirements.txt").write_text(packages.made(wheels, "greeting", "1.0.1", MODULE))
    assert build(code, tmp_path / "two").digest != built.digest


def test_an_image_runs_its_command_with_its_packages(code: Path, tmp_path: Path, containers: Containers) -> None:
    name = "localhost/load:1"
    built = build(code, tmp_path / "layout", reference=name)
    given(built.layout, name, tmp_path)
    module = f"/opt/datakit/lib/python3.{sys.version_info.minor}/site-packages/greeting.py"
    shown = containers.run(name, TOKEN="t0k3n").splitlines()
    assert shown == [f"hello from {module}", "10001 /work ['--full'] t0k3n"]
    assert containers.run("--entrypoint=greeting", name) == f"hello from {module}"
    assert containers("image", "inspect", "--format", "{{.Digest}}", name) == built.digest


def test_a_base_is_read_from_a_folder_a_file_and_an_engine(code: Path, tmp_path: Path, containers: Containers) -> None:
    python = base(tmp_path / "python", "localhost/python:1")
    with tarfile.open(tmp_path / "base.tar", "w") as archive:
        archive.add(python, ".")
    given(python, "localhost/python:1", tmp_path)
    bases = (str(python), f"{python}:localhost/python:1", str(tmp_path / "base.tar"), "localhost/python:1")
    built = [build(code, tmp_path / "layout", each, "localhost/load:2") for each in bases]
    assert len({each.digest for each in built}) == 1
    given(built[-1].layout, "localhost/load:2", tmp_path)
    assert containers.run("localhost/load:2").endswith("10001 /work ['--full'] None")
    with pytest.raises(ImageError, match="has a file of its own where the image will have others: /opt/datakit"):
        build(code, tmp_path / "other", base=str(built[0].layout))


def test_a_registry_has_what_was_pushed(
    code: Path, tmp_path: Path, containers: Containers, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "registries.conf"
    monkeypatch.setenv("CONTAINERS_REGISTRIES_CONF", str(settings))
    found = engine()
    assert found
    with serving(settings) as registry:
        name = f"{registry.address}/shop/load:1.4.0"
        given(build(code, tmp_path / "layout", reference=name).layout, name, tmp_path)
        digest = found.push(name, tmp_path)
        assert digest == f"sha256:{hashlib.sha256(registry.manifests['1.4.0']).hexdigest()}"
        containers("rmi", "--all", "--force")
        registry.manifests[digest] = registry.manifests["1.4.0"]
        pinned = f"{registry.address}/shop/load@{digest}"
        assert containers.run(pinned).endswith("10001 /work ['--full'] None")
    with pytest.raises(ImageError, match=rf"`{found.name} push {name}` failed: ."):
        found.push(name, tmp_path)


def test_what_keeps_an_image_from_being_built_is_told(code: Path, tmp_path: Path) -> None:
    def refused(base: str = "") -> str:
        with pytest.raises(ImageError) as raised:
            build(code, tmp_path / "layout", base)
        assert not [*tmp_path.glob(".building-*")]
        return str(raised.value)

    assert refused(base="./nowhere") == "there is no folder or file ./nowhere"
    broken = base(tmp_path / "broken")
    layer = max((broken / BLOBS).iterdir(), key=lambda each: each.stat().st_size)
    layer.write_bytes(layer.read_bytes()[:-1] + b"x")
    assert "is not an OCI image layout: ValueError: the layer sha256:" in refused(base=str(broken))
    assert "is not an OCI image layout" in refused(base=str(code))
    go = empty(tmp_path / "empty")
    assert refused(base=str(go)).startswith(f"the base {go} has no Python in ")
    lock = (code / "requirements.txt").read_text()
    (code / "requirements.txt").write_text(lock.partition(" ")[0])
    assert "requirements.txt has no hashes, so that an image may get other packages tomorrow" in refused()
    (code / "requirements.txt").write_text(lock[:-5] + "0000\n")
    assert "uv cannot install what" in (said := refused())
    assert "ash" in said
    (code / "requirements.txt").unlink()
    with pytest.raises(ImageError, match=f"{tmp_path} has no lock file: requirements.lock, uv.lock, or "):
        Builder(tmp_path / "layout").python(code, COMMAND, locked_in=[tmp_path])
    assert not (tmp_path / "layout").exists()


def test_a_full_disk_is_told_and_leaves_what_was_there(code: Path, tmp_path: Path) -> None:
    before = build(code, tmp_path / "layout")
    _, most = limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, most))
    try:
        with pytest.raises(ImageError, match=f"there is not enough space for the image in {tmp_path}"):
            build(code, tmp_path / "layout")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert json.loads((before.layout / "index.json").read_bytes())["manifests"][0]["digest"] == before.digest
    assert sorted(each.name for each in tmp_path.iterdir()) == ["layout", "load", "wheels"]


def given(layout: Path, name: str, scratch: Path) -> None:
    found = engine()
    assert found
    found.load(layout, name, scratch)


def base(folder: Path, reference: str = "") -> Path:
    """A layout with this machine's Python and nothing else."""
    (folder / BLOBS).mkdir(parents=True)
    found = machine.python(folder / BLOBS)
    finish(folder, found.layers, found.process or {}, architecture(), reference)
    return folder


def empty(folder: Path) -> Path:
    (folder / BLOBS).mkdir(parents=True)
    finish(folder, machine.empty(folder / BLOBS).layers, {}, architecture())
    return folder
