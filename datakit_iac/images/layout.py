"""The OCI image layout: a folder with `oci-layout`, `index.json` and blobs.

Sources: https://github.com/opencontainers/image-spec/blob/v1.1.0/image-layout.md, config.md and manifest.md.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from datakit_iac.images.layer import Layer, epoch

BLOBS: Final = "blobs/sha256"
INDEX: Final = "index.json"
REFERENCE: Final = "org.opencontainers.image.ref.name"

_KIND: Final = "application/vnd.oci.image."


def finish(
    folder: Path, layers: Sequence[Layer], process: Mapping[str, Any], architecture: str, reference: str = ""
) -> str:
    """Write what makes layers an image; its digest, which does not depend on the reference.

    Args:
        folder: of the layout; the layers are in its blobs.
        layers: from the lowest.
        process: the `config` of the configuration: Env, Entrypoint, WorkingDir, ….
        architecture: as Go names it, e.g. ``amd64``.
        reference: the name of the image; may be empty.
    """
    blobs = folder / BLOBS
    configuration = {
        "created": datetime.fromtimestamp(epoch(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "architecture": architecture,
        "os": "linux",
        "config": dict(process),
        "rootfs": {"type": "layers", "diff_ids": [each.digest for each in layers]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{_KIND}manifest.v1+json",
        "config": _blob(blobs, "config.v1+json", configuration),
        "layers": [{"mediaType": f"{_KIND}layer.v1.tar", "digest": each.digest, "size": each.size} for each in layers],
    }
    described = _blob(blobs, "manifest.v1+json", manifest)
    named = {**described, **({"annotations": {REFERENCE: reference}} if reference else {})}
    index = {"schemaVersion": 2, "mediaType": f"{_KIND}index.v1+json", "manifests": [named]}
    (folder / INDEX).write_bytes(_json(index))
    (folder / "oci-layout").write_bytes(_json({"imageLayoutVersion": "1.0.0"}))
    digest: str = described["digest"]
    return digest


def put(made: Path, target: Path) -> None:
    """Let a layout take the place of the one that was there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    old = made.with_name(f"{made.name}.old")
    if target.exists():
        target.replace(old)
    made.replace(target)
    shutil.rmtree(old, ignore_errors=True)


def archive(layout: Path, reference: str, file: Path) -> None:
    """Write a layout as a tar file, which every engine loads: the older versions of docker know it by `manifest.json`.

    Source: https://github.com/moby/docker-image-spec.
    """
    manifest = _manifest(layout)
    config, *layers = (_path(each["digest"]) for each in (manifest["config"], *manifest["layers"]))
    about = _json([{"Config": config, "RepoTags": [reference], "Layers": layers}])
    with tarfile.open(file, "w") as opened:
        opened.add(layout, ".", filter=_relative)
        entry = tarfile.TarInfo("manifest.json")
        entry.size = len(about)
        opened.addfile(entry, io.BytesIO(about))


def _relative(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.name = entry.name.removeprefix("./")
    return entry


def _path(digest: str) -> str:
    return f"{BLOBS}/{digest.partition(':')[2]}"


def _manifest(layout: Path) -> Any:
    (listed,) = json.loads((layout / INDEX).read_bytes())["manifests"]
    return json.loads((layout / _path(listed["digest"])).read_bytes())


def _blob(blobs: Path, kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
    text = _json(content)
    digest = hashlib.sha256(text).hexdigest()
    (blobs / digest).write_bytes(text)
    return {"mediaType": f"{_KIND}{kind}", "digest": f"sha256:{digest}", "size": len(text)}


def _json(content: object) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
