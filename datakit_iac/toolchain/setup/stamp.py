"""Whether a checkout is set up as its files say: one small file, checked without starting anything."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

_INPUTS = ("requirements.lock", "pyproject.toml", "datakit_iac/version.py", "datakit_iac/toolchain/engine/pulumi.sh")
# What set-up writes depends on these modules, so a new version of one sets up again.
_MODULES = ("engine/wrapper", "engine/probe", "setup/stamp")


@dataclass(frozen=True)
class Stamp:
    """What the last complete set-up was for, and what it made.

    Attributes:
        inputs: A hash of what it was made from.
        engine: The engine's executable that was found.
        version: Its version.
        way: How it was obtained.
        language_host: The Python language host in use.
        must_exist: Every file whose absence calls for a new set-up.
    """

    inputs: str
    engine: str
    version: str
    way: str
    language_host: str
    must_exist: tuple[str, ...]


def inputs_of(root: Path) -> str:
    """A hash of what a set-up is made from: lock, project, our own templates, place and Python."""
    digest = hashlib.sha256()
    digest.update(f"{root}\0{sys.version_info[:3]}\0{sys.implementation.cache_tag}".encode())
    modules = (f"datakit_iac/toolchain/{name}.py" for name in _MODULES)
    for name in (*_INPUTS, *modules):
        digest.update(f"\0{name}\0".encode())
        digest.update((root / name).read_bytes())
    return digest.hexdigest()


def path_in(venv: Path) -> Path:
    """Where the stamp is kept."""
    return venv / "datakit-setup.json"


def read(venv: Path) -> Stamp | None:
    """The stamp of the last complete set-up, or None."""
    try:
        data: dict[str, Any] = json.loads(path_in(venv).read_text())
        return Stamp(**{**data, "must_exist": tuple(data["must_exist"])})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write(venv: Path, stamp: Stamp) -> None:
    """Keep the stamp."""
    fresh = path_in(venv).with_suffix(f".{os.getpid()}")
    fresh.write_text(json.dumps(asdict(stamp), indent=2) + "\n")
    fresh.replace(path_in(venv))


def current(root: Path, venv: Path, env: Mapping[str, str]) -> Stamp | None:
    """The stamp, if nothing has changed since that set-up and all it made is still there."""
    stamp = read(venv)
    if stamp is None or env.get("DATAKIT_SETUP") == "again" or stamp.inputs != inputs_of(root):
        return None
    return stamp if all(os.path.exists(name) for name in stamp.must_exist) else None  # noqa: PTH110
