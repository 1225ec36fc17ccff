"""The program of a Go job, built of the code in its folder, and kept."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from datakit_iac.runtimes.generic import cache, folder
from datakit_iac.runtimes.generic.building import BuildError, Tool, mind, scratch
from datakit_iac.runtimes.job import JobFailedError, RunContext

MODULE: Final = "go.mod"
MISSING: Final = "go is not on PATH; install Go from https://go.dev/dl, or say an `image` that has the program"

_SETTINGS: Final = (
    "GOPROXY", "GOPRIVATE", "GONOPROXY", "GOSUMDB", "GONOSUMDB", "GOINSECURE", "GOAUTH", "GOFLAGS", "GOTOOLCHAIN",
    "GOENV", "GOPATH", "GOMODCACHE", "GOCACHE", "CGO_",
)  # fmt: skip
_COMPILED: Final = re.compile(r"\.go:\d+")
_PROGRAM: Final = "program"


class Build(NamedTuple):
    """What is built for a command: a package of the folder, and the arguments that the program is given."""

    package: str
    arguments: tuple[str, ...]


def build(command: Sequence[str]) -> Build | None:
    """What a command asks to be built; None where it runs another program.

    >>> build(["go", "run", "./cmd/load", "--full"])
    Build(package='./cmd/load', arguments=('--full',))
    >>> build([]), build(["./load", "--full"])
    (Build(package='.', arguments=()), Build(package='.', arguments=('--full',)))
    >>> build(["make", "load"])
    """
    match [*command]:
        case []:
            return Build(".", ())
        case ["go", "run", package, *arguments] if not package.startswith("-"):
            return Build(package, tuple(arguments))
        case [program, *arguments] if re.fullmatch(r"\./[^/]+", program):
            return Build(".", tuple(arguments))
    return None


def go() -> Tool | None:
    """The compiler, where there is one."""
    found = shutil.which("go")
    return Tool(found, _SETTINGS) if found else None


@contextmanager
def program(code: Path, package: str, context: RunContext) -> Iterator[Path]:
    """The program that a package of a folder is.

    Raises:
        JobFailedError: it cannot be built; the folder is named, and what Go says.
        Cancelled: the user stopped it.
    """
    if (tool := go()) is None:
        raise JobFailedError(MISSING, is_final=True)
    local = {**os.environ, "GOTOOLCHAIN": "local"}  # nothing is downloaded to say a version
    version = subprocess.run([tool.path, "version"], env=local, capture_output=True, text=True, check=False).stdout
    text = json.dumps([package, version, folder.digests(code)], sort_keys=True)
    key = hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
    make = partial(_make, code, package, tool, context)
    try:
        with cache.kept(context.cache / "go", key, make, partial(mind, context)) as made:
            yield made / _PROGRAM
    except BuildError as failure:
        is_final = any(_COMPILED.search(line) for line in failure.args)
        raise JobFailedError(f"`go build {package}` of {code} failed", failure.args, is_final=is_final) from None


def _make(code: Path, package: str, tool: Tool, context: RunContext, made: Path) -> None:
    context.progress(f"building {package} with Go")
    made.mkdir()
    output = str((made / _PROGRAM).absolute())
    with scratch(context) as copied:
        folder.copy(code, copied)
        tool.run(["build", "-trimpath", "-buildvcs=false", "-o", output, package], copied, {"GOWORK": "off"}, context)
    if not os.access(output, os.X_OK):  # a package that is not a program is only compiled
        raise BuildError(f"{package} is not `package main`")
