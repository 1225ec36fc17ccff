"""What the pack's Python uses of what is installed here: this package, and those that bring rules of policies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions, entry_points
from pathlib import Path
from typing import Final

from datakit_iac.toolchain.errors import ToolchainError

_PACKAGE: Final = Path(__file__).resolve().parents[1]
_RULES: Final = "datakit.rules"
_OURS: Final = "datakit-iac"
_FOLDER: Final = "lent"
_FOUND: Final = "datakit-lent.pth"
"""The file by which Python finds the folder, after everything that the pack has itself."""


def lend(virtualenv: Path) -> None:
    """Let the pack's Python find this package and the packages that bring rules, as they are installed here.

    They are linked, with what they need and the pack has not, so that its rules are those of `dk validate`, whatever
    was installed or removed since. Where nothing changed, nothing is written.

    Args:
        virtualenv: the pack's.

    Raises:
        ToolchainError: it cannot be written to.
    """
    try:
        _lend(virtualenv)
    except OSError as fault:
        raise ToolchainError(
            f"the policy pack cannot use the rules that are installed here: {fault}",
            expected=f"leave to write in {virtualenv}",
            fix="fix its permissions, and run `dk policy pack` again",
        ) from fault


def _lend(virtualenv: Path) -> None:
    (packages,) = (virtualenv / "lib").glob("python*/site-packages")
    folder = virtualenv / _FOLDER
    folder.mkdir(exist_ok=True)
    found, line = packages / _FOUND, f"import site; site.addsitedir({str(folder)!r})\n"
    if not found.is_file() or found.read_text() != line:
        found.write_text(line)
    lent = {each.name: each for each in _lent(packages)}
    for each in folder.iterdir():
        if each.is_symlink() and lent.get(each.name) != each.readlink():  # Python keeps its bytecode there, too
            each.unlink()
    for name, target in lent.items():
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(target)


def _lent(packages: Path) -> Iterator[Path]:
    yield _PACKAGE
    yield from _information(distribution(_OURS))
    there = {_normal(each.name) for each in distributions(path=[str(packages)])} | {_OURS}
    needed = {_normal(each.dist.name): each.dist for each in entry_points(group=_RULES) if each.dist}
    pending = [each for name, each in needed.items() if name not in there]
    for each in pending:  # grows meanwhile
        yield from _parts(each)
        for name in _requirements(each):
            if name not in there and name not in needed and (further := _installed(name)):
                needed[name] = further
                pending.append(further)


def _parts(package: Distribution) -> Iterator[Path]:
    """What an installer put down for a package: its modules, and what it says of itself."""
    folder = Path(str(package.locate_file("")))
    modules = {each.parts[0] for each in package.files or ()} - {"..", "__pycache__"}
    if not package.files:
        modules = {point.module.partition(".")[0] for point in package.entry_points}
        yield from _information(package)
    for name in sorted(modules):
        yield from (each for each in (folder / name, folder / f"{name}.py") if each.exists())


def _information(package: Distribution) -> Iterator[Path]:
    folder = Path(str(package.locate_file("")))
    for each in folder.glob("*.dist-info"):
        if _normal(each.name.partition("-")[0]) == _normal(package.name):
            yield each


def _requirements(package: Distribution) -> Iterator[str]:
    """The names of what a package needs always, whatever extras are asked for."""
    for requirement in package.requires or ():
        if "extra ==" not in requirement and (name := re.match(r"[A-Za-z0-9._-]+", requirement)):
            yield _normal(name[0])


def _installed(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:  # for another system, or never installed
        return None


def _normal(name: str) -> str:
    """A package's name as all spellings of it (https://packaging.python.org, "Name normalization")."""
    return re.sub(r"[-_.]+", "-", name).lower()
