"""Building the engine from its pinned Go module, for machines that reach only package registries."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from datakit_iac.toolchain import process
from datakit_iac.toolchain.engine import cache
from datakit_iac.toolchain.engine.probe import MINIMUM, Attempt, Way, probe
from datakit_iac.toolchain.errors import ToolchainError
from datakit_iac.toolchain.progress import Step

_PACKAGE: Final = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
_LDFLAGS: Final = f"-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{MINIMUM}"
_MODULE_FILES: Final = ("go.mod", "go.sum", "tools.go")
MODULE_FOLDER: Final = Path(__file__).parent / "module"
"""The pinned Go module: `go.mod`, `go.sum` and the file that names the engine's main package."""


def build(env: Mapping[str, str]) -> Attempt:
    """Build the pinned engine into our cache.

    Returns:
        The attempt; without an engine where there is no `go`.

    Raises:
        ToolchainError: There is a `go`, but it cannot build the engine.
    """
    go = shutil.which("go", path=env.get("PATH"))
    if go is None:
        return Attempt(Way.BUILD, f"{_PACKAGE}@v{MINIMUM}", "there is no `go` on PATH to build it with")
    folder = cache.engines_folder(env)
    with cache.filling(folder) as scratch:
        module = scratch / "module"
        module.mkdir()
        for name in _MODULE_FILES:
            shutil.copyfile(MODULE_FOLDER / name, module / name)
        root = scratch / "engine"
        packages = _download(Path(go), module, env)
        _compile(Path(go), module, cache.executable_in(root), packages, env)
        return probe(cache.keep(root, folder, MINIMUM), Way.BUILD)


def _download(go: Path, module: Path, env: Mapping[str, str]) -> int:
    """Download the modules; the count of packages that go into the engine."""
    modules = packages = 0

    def on_line(line: str) -> None:
        nonlocal modules, packages
        if line.startswith("go: downloading "):
            modules += 1
            step.note(f"{modules} modules")
        else:
            packages += 1

    why = "downloading the engine's Go modules (there is no Pulumi on this machine)"
    with Step("engine", why) as step:
        _go(go, ["list", "-deps", "-mod=readonly", _PACKAGE], module, env, on_line)
        step.finish(f"{modules} modules downloaded, {packages} packages to compile")
    return packages


def _compile(go: Path, module: Path, target: Path, packages: int, env: Mapping[str, str]) -> None:
    built = 0

    def on_line(line: str) -> None:
        nonlocal built
        built += 1
        step.note(f"{built} of at most {packages} packages, {line.rpartition('/')[2]}")

    why = f"compiling Pulumi v{MINIMUM}, once on this machine (about 4 minutes on 2 cores)"
    flags = ["-v", "-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", _LDFLAGS, "-o", str(target)]
    with Step("engine", why) as step:
        _go(go, ["build", *flags, _PACKAGE], module, env, on_line)
        step.finish(f"built v{MINIMUM}, {built} packages")


def _go(go: Path, args: list[str], module: Path, env: Mapping[str, str], on_line: process.OnLine) -> None:
    # Without cgo the engine needs no C compiler, and is the same whatever C library the machine has.
    child_env = {**os.environ, **env, "CGO_ENABLED": "0", "GOWORK": "off", "GO111MODULE": "on"}
    ended = process.run([go, *args], cwd=module, env=child_env, on_line=on_line)
    if not ended.is_fine:
        raise ToolchainError(
            f"`go {args[0]}` of the Pulumi engine ended with code {ended.code}",
            expected=f"{go} to fetch and compile {_PACKAGE} v{MINIMUM}",
            fix="read the lines above (no Go module proxy? disk full? Go older than go.mod says?), "
            "or install Pulumi yourself and put it on PATH",
            details=ended.tail,
        )
