"""What an image is built on: another image, read from an OCI layout."""

from __future__ import annotations

import gzip
import hashlib
import json
import platform
import re
import tarfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, Final

from datakit_iac.images.fault import ImageError
from datakit_iac.images.layer import Layer, copy
from datakit_iac.images.layout import BLOBS, INDEX, REFERENCE

ENVIRONMENT: Final = "opt/datakit"
"""Where the virtual environment of an image is."""

WORK: Final = "work"
"""The working directory of an image."""

_ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_PYTHON: Final = re.compile(r"python(3\.\d+)")
_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_MUSL: Final = re.compile(r"(?:usr/)?lib/ld-musl-")
_GZIP: Final = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Interpreter:
    """The Python of a base.

    Attributes:
        path: where it is in the image.
        version: e.g. ``3.11``.
        platform: as uv names it; empty for that of this machine.
    """

    path: str
    version: str
    platform: str = ""


@dataclass(frozen=True, slots=True)
class Base:
    """The lower part of an image.

    Attributes:
        said: what the lock file says that it is.
        layers: from the lowest; none for an empty image.
        process: the `config` of its configuration.
        python: its interpreter, where it has one.
    """

    said: str
    layers: tuple[Layer, ...] = ()
    process: Mapping[str, Any] | None = None
    python: Interpreter | None = None

    @property
    def path(self) -> str:
        """Where programs are looked for."""
        return self.variables.get("PATH", _PATH)

    @property
    def variables(self) -> dict[str, str]:
        """The variables that it sets."""
        said: list[str] = (self.process or {}).get("Env") or []
        return dict(each.split("=", 1) for each in said if "=" in each)


def architecture() -> str:
    """That of this machine, as Go names it; images are built for it."""
    machine = platform.machine()
    return _ARCHITECTURES.get(machine, machine)


def from_layout(layout: Path, blobs: Path, tag: str = "") -> Base:
    """Read a base from the folder of a layout; its layers are copied, uncompressed.

    Args:
        layout: the folder.
        blobs: of the image that is built.
        tag: which of several images is meant.

    Raises:
        ImageError: it is not an image for this machine, or its content is not what its digests say.
    """
    try:
        manifest, digest = _manifest(layout, layout / INDEX, tag)
        config = json.loads(_read(layout, manifest["config"]["digest"]))
        if (its := config.get("architecture")) != architecture():
            raise ImageError(f"the base in {layout} is for {its}, and this machine is {architecture()}")
        pairs = zip(manifest["layers"], config["rootfs"]["diff_ids"], strict=True)
        layers = tuple(_layer(layout, each["digest"], expected, blobs) for each, expected in pairs)
        names = {name for layer in layers for name in _names(layer.file)}
        found = Base(f"oci:{digest}", layers, config.get("config") or {})
        found = replace(found, python=_python(names, found.path))
    except (OSError, KeyError, TypeError, ValueError, tarfile.TarError) as fault:
        if isinstance(fault, OSError) and fault.filename is None:
            raise  # no fault of the layout: the disk is full
        message = f"{layout} is not an OCI image layout: {type(fault).__name__}: {fault}"
        raise ImageError(message, "`skopeo copy docker://IMAGE oci:FOLDER` makes one") from fault
    ours = (f"{ENVIRONMENT}/", f"{WORK}/")
    if taken := sorted(each for each in names if each.startswith(ours)):
        message = f"the base in {layout} has a file of its own where the image will have others: /{taken[0]}"
        raise ImageError(message, "where `dk build` made it, name what that one is built on")
    return found


def _manifest(layout: Path, index: Path, tag: str) -> tuple[Any, str]:
    document = json.loads(index.read_bytes())
    listed = document["manifests"]
    if tag:
        listed = [each for each in listed if (each.get("annotations") or {}).get(REFERENCE, "") == tag]
    mine = architecture()
    ours = [each for each in listed if (each.get("platform") or {}).get("architecture", mine) == mine]
    if len(ours) != 1:
        which = f"tagged {tag}" if tag else f"for {mine}"
        raise ImageError(f"{layout} has {len(ours)} images {which}, not one", "name its tag: --base FOLDER:TAG")
    digest = ours[0]["digest"]
    content = json.loads(_read(layout, digest))
    if "manifests" in content:
        return _manifest(layout, _blob(layout, digest), "")
    return content, digest


def _blob(layout: Path, digest: str) -> Path:
    kind, _, value = digest.partition(":")
    if kind != "sha256" or not re.fullmatch("[0-9a-f]{64}", value):
        raise ValueError(f"{digest!r} is not a SHA-256")
    return layout / BLOBS / value


def _read(layout: Path, digest: str) -> bytes:
    content = _blob(layout, digest).read_bytes()
    if f"sha256:{hashlib.sha256(content).hexdigest()}" != digest:
        raise ValueError(f"the blob {digest} has another content")
    return content


def _layer(layout: Path, digest: str, expected: str, blobs: Path) -> Layer:
    """A layer as it is without compression, of which the configuration knows the digest."""
    with _blob(layout, digest).open("rb") as opened:
        packed = opened.read(2) == _GZIP
        opened.seek(0)
        found = copy(gzip.GzipFile(fileobj=opened) if packed else opened, blobs)  # type: ignore[arg-type]  # both are read alike
    if found.digest != expected:
        raise ValueError(f"the layer {digest} is not {expected} uncompressed (gzip and plain tar are read)")
    return found


def _python(names: Collection[str], path: str) -> Interpreter | None:
    """The newest Python in the first folder of PATH that has one."""
    is_musl = any(map(_MUSL.match, names))
    kind = "unknown-linux-musl" if is_musl else "manylinux_2_28"
    for folder in path.split(":"):
        there = [PurePosixPath(each).name for each in names if f"/{PurePosixPath(each).parent}" == folder]
        versions = [found[1] for each in there if (found := _PYTHON.fullmatch(each))]
        if versions:
            newest = max(versions, key=lambda each: int(each.partition(".")[2]))
            return Interpreter(f"{folder}/python{newest}", newest, f"{platform.machine()}-{kind}")
    return None


def _names(layer: Path) -> Iterator[str]:
    with tarfile.open(layer) as archive:
        yield from (each.name.removeprefix("./").strip("/") for each in archive)
