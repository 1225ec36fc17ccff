"""The project that a command runs Transforms of: checked as an update checks it, with the ways to its Stores."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from datakit_iac.cli.exit_codes import UsageError
from datakit_iac.cli.output.report import tell
from datakit_iac.cli.output.spinner import waiting
from datakit_iac.cli.project_scope import pulumi_folder, scope
from datakit_iac.cli.reading import read
from datakit_iac.cli.secrets import reached, secrets
from datakit_iac.findings.visible import visible

if TYPE_CHECKING:
    from datakit_iac.contract.connection import Connection
    from datakit_iac.environment.model import ResolvedProject
    from datakit_iac.history.database import Database
    from datakit_iac.scheduling.runnable import RunnableProject


def add_environment(parser: ArgumentParser) -> None:
    """Add `--env` and `--project`."""
    parser.add_argument("--env", default="dev", metavar="ENV", help="the environment (default: dev)")
    parser.add_argument("--project", default=".", metavar="FOLDER", help="the folder of the manifests (default: .)")


def add_json(parser: ArgumentParser) -> None:
    """Add `--output`."""
    parser.add_argument("--output", choices=("text", "json"), default="text", help="for people or programs")


def add_run(parser: ArgumentParser) -> None:
    """Add the argument RUN."""
    meaning = "its identifier, or the beginning of it; or a Transform, for its last Run"
    parser.add_argument("run", metavar="RUN", help=meaning)


def _stack(folder: Path, environment: str) -> str:
    from datakit_iac.toolchain.setup import project

    return f"{project.read(folder).name}/{environment}"


def runnable(environment: str, path: str) -> RunnableProject | None:
    """The project, in an environment; None where it has errors, which have then been reported on standard error.

    The working directory becomes the Pulumi project's folder, from which the paths of jobs count.

    Raises:
        UsageError: there is no Pulumi project here or above, or no such environment.
    """
    from datakit_iac.checks.validate import validate
    from datakit_iac.findings.finding import InvalidProjectError
    from datakit_iac.scheduling.runnable import RunnableProject
    from datakit_iac.technologies.technology import StoreError

    root = scope(path).root
    folder = pulumi_folder(root)
    os.chdir(folder)
    with waiting(f"checking the project for {environment}"):
        manifests, faults = read(_from(folder, root))
        try:
            resolved, found = validate(manifests, environment, secrets(root, environment, revealed=True))
        except InvalidProjectError as invalid:
            tell([*faults, *invalid.findings], sys.stderr)
            return None
    findings = [*faults, *found]
    tell(findings, sys.stderr)
    if any(each.severity == "error" for each in findings):
        return None

    @cache
    def connect(store: str) -> Connection:
        try:
            return reached(resolved.stores[store], root, environment)
        except UsageError as fault:
            raise StoreError(str(fault)) from fault

    return RunnableProject(resolved, _stack(folder, environment), connect)


def reloading(environment: str, path: str) -> Callable[[], RunnableProject | None]:
    """Gives the project as it is now; None where no manifest changed since, or it has errors, which are printed.

    At first, it raises what `runnable` does.
    """
    from datakit_iac.manifest.loading.discovery import yaml_files

    root = scope(path).root
    seen: dict[str, int] | None = None

    def load() -> RunnableProject | None:
        nonlocal seen
        modules: list[str] = []
        there = dict(_stamps(*yaml_files(str(root), [], modules), *modules))
        if there == seen:
            return None
        is_first, seen = seen is None, there
        try:
            return runnable(environment, str(root))
        except (UsageError, OSError) as fault:
            if is_first:
                raise
            print(visible(f"dk: {fault}", lines=True), file=sys.stderr)
            return None

    return load


def _stamps(*files: str) -> Iterator[tuple[str, int]]:
    """When each file was changed; of one that has gone since it was listed, nothing."""
    for file in files:
        with suppress(FileNotFoundError):
            yield file, Path(file).stat().st_mtime_ns


def history(environment: str, path: str) -> Database:
    """The history of an environment, found without checking the project.

    Raises:
        UsageError: there is no Pulumi project here, or its history cannot be opened.
    """
    from datakit_iac.history import place
    from datakit_iac.history.database import HistoryError

    root = scope(path).root
    folder = pulumi_folder(root)
    store = _history_store(root, environment)
    os.chdir(folder)
    try:
        return place.opened(_stack(folder, environment), store)
    except HistoryError as fault:
        raise UsageError(str(fault)) from fault


def _history_store(root: Path, environment: str) -> Connection | None:
    """The Store that an Environment names for its history."""
    from datakit_iac.manifest.loading.discovery import yaml_files

    if not any(b"history" in Path(file).read_bytes() for file in yaml_files(str(root), [], [])):
        return None  # so that a project need not be read
    from datakit_iac.cli.environments import resolved

    found = resolved(read(root)[0], environment)
    name = found.environment.spec.history
    return reached(found.stores[name], root, environment) if name in found.stores and name else None


def _from(folder: Path, root: Path) -> Path:
    """The folder of the manifests, from the Pulumi project's where it is below that."""
    return root.relative_to(folder) if root.is_relative_to(folder) else root


def meant(text: str, here: Path, resolved: ResolvedProject) -> list[str]:
    """The Transforms that a name, or the file or folder of a manifest, means.

    Args:
        text: what was typed.
        here: the folder that it was typed in.
        resolved: the project that they belong to.

    Raises:
        UsageError: there is none; the hint has the nearest name.
    """
    transforms, part = resolved.transforms, (here / text).absolute()
    if text not in transforms and part.exists():
        files = {name: Path(resolved.project.origin(each.manifest).file) for name, each in transforms.items()}
        if found := [name for name, file in files.items() if file.absolute().is_relative_to(part)]:
            return found
        raise UsageError(f"there is no Transform in {text}")
    from datakit_iac.cli.lookup import known

    return [known("Transform", text, transforms).manifest.name]
