"""The packages of an image: installed by uv from hashes, and laid out as a virtual environment of its own.

Only wheels are installed: what is built from source may differ each time. What says where and how a package was
installed is left out, and scripts are written again, so that the same lock gives the same bytes.
"""

from __future__ import annotations

import configparser
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import Distribution, distribution
from pathlib import Path, PurePosixPath
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from datakit_iac.images.base_image import ENVIRONMENT, Interpreter
from datakit_iac.images.fault import ImageError
from datakit_iac.images.layer import Entry, entry
from datakit_iac.images.lock import Lock
from datakit_iac.runtimes.generic.virtualenv import MISSING, uv

_NOT_KEPT: Final = frozenset({"INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "uv_build.json"})
_OURS: Final = "datakit-iac"
_SCRIPTS: Final = "bin"
_SHEBANG: Final = re.compile(rb"\A#!(?:/bin/sh\n'''exec' .*\n' '''|.*python.*)\n")
_SCRIPT: Final = """\
#!/{at}/bin/python
import sys

from {module} import {first}

sys.exit({function}())
"""


def environment(lock: Lock, python: Interpreter, scratch: Path, *, with_ours: bool) -> dict[str, Entry]:
    """The files of a virtual environment.

    Args:
        lock: the packages that it has.
        python: the interpreter that will use it.
        scratch: an empty folder, in which they are installed first.
        with_ours: whether it has datakit-iac: as locked, or else as it runs here.

    Raises:
        ImageError: uv cannot install them, or the lock lacks what datakit-iac needs.
    """
    installed = scratch / "packages"
    _install(lock, python, scratch, installed)
    packages = f"{ENVIRONMENT}/lib/python{python.version}/site-packages"
    made = dict(_files(installed, packages))
    made |= _scripts(installed)
    if with_ours and not [*installed.glob("datakit_iac-*.dist-info")]:
        made |= _ours(packages)
        _demand_needed(lock, installed)
    home = PurePosixPath(python.path).parent
    settings = f"home = {home}\ninclude-system-site-packages = false\nversion = {python.version}\n"
    made[f"{ENVIRONMENT}/pyvenv.cfg"] = Entry(settings.encode())
    names = ("python", "python3", f"python{python.version}")
    return made | {f"{ENVIRONMENT}/bin/{name}": Entry(target=python.path) for name in names}


def _install(lock: Lock, python: Interpreter, scratch: Path, target: Path) -> None:
    target.mkdir()
    requirements = scratch / "requirements.txt"
    requirements.write_text(lock.text, encoding="utf-8")
    tool = uv()
    if tool is None:
        raise ImageError(MISSING)
    command = [tool.path, "pip", "install", "--no-config", "--quiet", "--require-hashes", "--no-deps"]
    command += ["--only-binary", ":all:", "--link-mode", "copy", "--no-progress", "--python", sys.executable]
    if python.platform:
        command += ["--python-version", python.version, "--python-platform", python.platform]
    command += ["--target", str(target), "--requirements", str(requirements)]
    done = subprocess.run(command, cwd=lock.file.parent, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        said = "\n  ".join(done.stderr.strip().splitlines()[-12:])
        raise ImageError(f"uv cannot install what {lock.file} says\n  {said}")


def _files(installed: Path, at: str) -> Iterator[tuple[str, Entry]]:
    for file in sorted(installed.rglob("*")):
        path = file.relative_to(installed)
        if file.is_dir() or not _is_kept(path) or path.parts[0] == _SCRIPTS:
            continue
        if path.name == "RECORD":
            lines = sorted(line for line in file.read_text(encoding="utf-8").splitlines() if _is_recorded(line))
            yield f"{at}/{path.as_posix()}", Entry("".join(f"{line}\n" for line in lines).encode())
        else:
            yield f"{at}/{path.as_posix()}", entry(file)


def _is_kept(path: PurePosixPath | Path) -> bool:
    is_made = path.suffix == ".pyc" or path.as_posix() == ".lock"
    return not is_made and not (path.name in _NOT_KEPT and path.parent.suffix == ".dist-info")


def _is_recorded(line: str) -> bool:
    path = PurePosixPath(line.partition(",")[0].strip('"'))
    return path.parts[0] != _SCRIPTS and ".." not in path.parts and _is_kept(path)


def _scripts(installed: Path) -> dict[str, Entry]:
    """The programs of the packages, with the interpreter of the image."""
    made: dict[str, Entry] = {}
    begin = f"#!/{ENVIRONMENT}/bin/python\n".encode()
    for file in sorted((installed / _SCRIPTS).glob("*")):
        content = file.read_bytes()
        made[f"{ENVIRONMENT}/bin/{file.name}"] = Entry(_SHEBANG.sub(begin, content, count=1), is_program=True)
    for points in sorted(installed.glob("*.dist-info/entry_points.txt")):
        made |= _programs(points.read_text(encoding="utf-8"))
    return made


def _programs(points: str) -> dict[str, Entry]:
    """The programs of a package's `entry_points.txt`."""
    read = configparser.ConfigParser(delimiters=("=",), interpolation=None)
    read.optionxform = str  # type: ignore[assignment,method-assign]  # as its documentation has it: names keep their case
    read.read_string(points)
    made: dict[str, Entry] = {}
    for name, value in read["console_scripts"].items() if read.has_section("console_scripts") else ():
        module, _, function = value.partition("[")[0].strip().partition(":")
        first = function.partition(".")[0]
        text = _SCRIPT.format(at=ENVIRONMENT, module=module.strip(), first=first, function=function)
        made[f"{ENVIRONMENT}/bin/{name}"] = Entry(text.encode(), is_program=True)
    return made


def _ours(at: str) -> dict[str, Entry]:
    """datakit-iac as it is on this machine, installed or not."""
    ours = distribution(_OURS)
    folder = Path(__file__).parents[1]
    made = {f"{at}/datakit_iac/{path}": each for path, each in _tree(folder).items()}
    schemas = folder.parent / "docs" / "reference" / "schemas"  # which a wheel has inside
    if schemas.is_dir():
        made |= {f"{at}/datakit_iac/manifest/schemas/{path}": each for path, each in _tree(schemas).items()}
    points = ours.read_text("entry_points.txt") or ""
    about = f"{at}/datakit_iac-{ours.version}.dist-info"
    made[f"{about}/METADATA"] = Entry(_metadata(ours).encode())
    made[f"{about}/entry_points.txt"] = Entry(points.encode())
    return made | _programs(points)


def _metadata(ours: Distribution) -> str:
    return ours.read_text("METADATA") or f"Metadata-Version: 2.1\nName: {_OURS}\nVersion: {ours.version}\n"


def _tree(folder: Path) -> Mapping[str, Entry]:
    files = (file for file in sorted(folder.rglob("*")) if file.is_file() and file.suffix != ".pyc")
    return {file.relative_to(folder).as_posix(): entry(file) for file in files}


def _demand_needed(lock: Lock, installed: Path) -> None:
    there = {canonicalize_name(each.name.rpartition(".dist-info")[0].rpartition("-")[0]) for each in
             installed.glob("*.dist-info")}  # fmt: skip
    needed = [Requirement(each) for each in distribution(_OURS).requires or ()]
    missing = [each.name for each in needed if (not each.marker or each.marker.evaluate({"extra": ""}))
               and canonicalize_name(each.name) not in there]  # fmt: skip
    if missing:
        message = f"{lock.file} has no {', '.join(sorted(missing))}, which datakit-iac needs"
        raise ImageError(message, "lock datakit-iac, with the extras of its Stores and runtimes, with the rest")
