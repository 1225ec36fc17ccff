"""A base without a registry: the Python that runs this, and the libraries of this machine that it needs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from datakit_iac.images.base_image import Base, Interpreter
from datakit_iac.images.fault import ImageError
from datakit_iac.images.layer import Entry, entry, folder, write

_AT: Final = "opt/python"
_LEFT_OUT: Final = frozenset(
    {"test", "tests", "idlelib", "ensurepip", "tkinter", "turtledemo", "lib2to3", "__pycache__"}
    | {"site-packages", "dist-packages"}
)
_CERTIFICATES: Final = "etc/ssl/certs/ca-certificates.crt"
_LOADED: Final = re.compile(r"(/\S+) \(0x")
_KNOWN: Final = re.compile(r"^\s*(\S+) \(.*=> (/\S+)$", re.MULTILINE)
_EXPECTED: Final = frozenset(
    {f"lib{name}.so.{number}" for name, number in (("stdc++", 6), ("gcc_s", 1), ("z", 1), ("expat", 1), ("m", 6))}
    | {f"lib{name}.so.{number}" for name, number in (("dl", 2), ("rt", 1), ("pthread", 0), ("util", 1), ("resolv", 2))}
    | {f"libnss_{name}.so.2" for name in ("dns", "files")}
)
"""What wheels may need of the system (https://peps.python.org/pep-0600/), and what looks up hosts."""


def python(blobs: Path) -> Base:
    """The base that is made of the running Python; its layer is written.

    Raises:
        ImageError: this is not Linux.
    """
    if sys.platform != "linux":
        raise ImageError("only on Linux can an image be made of this machine's Python", "name another: --base")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    home = Path(os.path.realpath(sys.base_prefix))
    program = home / "bin" / f"python{version}"
    library = home / "lib" / f"python{version}"
    entries = {f"{_AT}/bin/python{version}": entry(program)}
    for file in _standard_library(library):
        entries[f"{_AT}/lib/python{version}/{file.relative_to(library).as_posix()}"] = entry(file)
    programs = [program, *(library / "lib-dynload").glob("*.so")]
    variables = [f"PATH=/{_AT}/bin:/usr/local/bin:/usr/bin:/bin"]
    for path in _libraries(programs):
        if path.name.startswith("libpython"):
            entries[f"{_AT}/lib/{path.name}"] = Entry(path.resolve(), is_program=True)
            variables.append(f"LD_LIBRARY_PATH=/{_AT}/lib")
        else:
            entries[_place(path)] = Entry(path.resolve(), is_program=True)
    layer = write(entries | _usual(), blobs)
    running = f"python {sys.version.split()[0]} of this machine"
    return Base(running, (layer,), {"Env": variables}, Interpreter(f"/{_AT}/bin/python{version}", version))


def empty(blobs: Path) -> Base:
    """The base of a program that needs nothing: folders, users, and the certificates of this machine."""
    return Base("none", (write(_usual(), blobs),), {"Env": ["PATH=/usr/local/bin:/usr/bin:/bin"]})


def _usual() -> dict[str, Entry]:
    users = b"root:x:0:0:root:/root:/sbin/nologin\njob:x:10001:10001:job:/tmp:/sbin/nologin\n"
    found = {each: folder() for each in ("tmp", "proc", "sys", "dev", "run")}
    found |= {"etc/passwd": Entry(users), "etc/group": Entry(b"root:x:0:\njob:x:10001:\n")}
    if (certificates := Path("/", _CERTIFICATES)).is_file():
        found[_CERTIFICATES] = Entry(certificates.read_bytes())
    return found | {
        name: Entry(target=f"usr/{name}") for name in ("bin", "lib", "lib64") if Path("/", name).is_symlink()
    }


def _standard_library(library: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(library):
        folders[:] = sorted(each for each in folders if each not in _LEFT_OUT and not each.startswith("config-"))
        yield from (Path(parent, each) for each in sorted(names) if not each.endswith((".pyc", ".a")))


def _libraries(programs: list[Path]) -> list[Path]:
    """The shared libraries that programs load, and those that wheels expect of a system."""
    loaded = _said("ldd", *map(str, programs))
    told = _KNOWN.findall(_said("ldconfig", "-p") or _said("/sbin/ldconfig", "-p"))
    known = dict(reversed(told))  # of several the first is used
    expected = [path for name, path in known.items() if name in _EXPECTED]
    below = _said("ldd", *expected) if expected else ""
    return sorted({Path(os.path.normpath(each)) for each in (*_LOADED.findall(loaded + below), *expected)})


def _place(path: Path) -> str:
    """Where a library is in the image: below usr, where the first folder is a link to there."""
    first = path.parts[1]
    return f"{'usr/' if Path('/', first).is_symlink() else ''}{path.relative_to('/')}"


def _said(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        return ""
