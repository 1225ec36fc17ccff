"""Servers written in Java: the Java that runs them, and their jars, which Maven fetches once into the user's cache."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from datakit_iac.toolchain.engine.cache import engines_folder
from tests.servers.server import UnavailableError

_VERSION = re.compile(r'version "(\d+)')


@cache
def java(wanted: int) -> str:
    """The program `java` of `JAVA_HOME`, or of the PATH.

    Raises:
        UnavailableError: there is none, or it is older than wanted.
    """
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=f"{home}/bin" if home else None)
    if found is None:
        raise UnavailableError(f"it needs Java {wanted} or later, and there is no `java` on the PATH; install a JRE")
    said = subprocess.run([found, "-version"], capture_output=True, text=True, check=False).stderr
    version = _VERSION.search(said)
    if version is None or int(version.group(1)) < wanted:
        raise UnavailableError(f"it needs Java {wanted} or later, and {found} says {said.splitlines()[:1]}")
    return found


def kept(name: str, fill: Callable[[Path], None]) -> Path:
    """A folder of the cache, filled the first time; all who want it wait for the one who fills it.

    Raises:
        UnavailableError: it cannot be filled.
    """
    parent = engines_folder(os.environ).with_name("servers")
    parent.mkdir(parents=True, exist_ok=True)
    folder = parent / name
    with (parent / f".{name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            with tempfile.TemporaryDirectory(prefix=".filling-", dir=parent) as scratch:
                filled = Path(scratch, name)
                filled.mkdir()
                fill(filled)
                filled.rename(folder)
    return folder


def maven(goal: str, folder: Path, **options: str) -> None:
    """Let Maven copy what a goal of its plugin `dependency` names into a folder.

    Args:
        goal: `copy` or `copy-dependencies`.
        folder: where it goes; a file `pom.xml` in it is the project, and is removed.
        options: of the goal.

    Raises:
        UnavailableError: there is no Maven, or what is wanted cannot be fetched.
    """
    program = shutil.which("mvn")
    if program is None:
        raise UnavailableError("it needs Maven to fetch its jars once, and there is no `mvn` on the PATH")
    given = [f"-D{name}={value}" for name, value in {**options, "outputDirectory": str(folder)}.items()]
    ran = subprocess.run(
        [program, "-B", f"dependency:{goal}", *given], cwd=folder, capture_output=True, text=True, check=False
    )
    (folder / "pom.xml").unlink(missing_ok=True)
    if ran.returncode:
        said = next((line for line in ran.stdout.splitlines() if line.startswith("[ERROR]")), ran.stdout[-500:])
        raise UnavailableError(f"Maven could not fetch its jars: {said}")
