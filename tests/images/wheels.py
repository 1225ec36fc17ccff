"""Packages without a registry: wheels made of what is installed here, and a lock file of their hashes."""

from __future__ import annotations

import hashlib
import zipfile
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def lock(folder: Path, *names: str) -> str:
    """The lock of packages and all that they need; their wheels are written."""
    lines = []
    for each in sorted(_needed(names), key=lambda each: each.name):
        wheel = _wheel(each, folder)
        lines.append(f"{each.name}=={each.version} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n")
    return "".join(lines)


def made(folder: Path, name: str, version: str, text: str) -> str:
    """The line of a lock for a package of one module with a program; its wheel is written."""
    file = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr(f"{name}.py", text)
        packed.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        packed.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        packed.writestr(f"{info}/entry_points.txt", f"[console_scripts]\n{name} = {name}:main\n")
        packed.writestr(f"{info}/RECORD", "")
    return f"{name}=={version} --hash=sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}\n"


def _needed(names: tuple[str, ...]) -> list[Distribution]:
    found: dict[str, Distribution] = {}
    waiting = [*names]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found[name] = distribution(name)
        for asked in map(Requirement, found[name].requires or ()):
            if not asked.marker or asked.marker.evaluate({"extra": ""}):
                waiting.append(canonicalize_name(asked.name))
    return [*found.values()]


def _wheel(package: Distribution, folder: Path) -> Path:
    about = package.read_text("WHEEL") or ""
    tag = [line.partition(": ")[2] for line in about.splitlines() if line.startswith("Tag: ")][-1]
    file = folder / f"{package.name.replace('-', '_')}-{package.version}-{tag}.whl"
    with zipfile.ZipFile(file, "w") as packed:
        for each in package.files or ():
            if ".." not in each.parts and each.suffix != ".pyc":
                packed.write(str(each.locate()), str(each))
    return file
