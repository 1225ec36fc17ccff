"""Whether a Pulumi program could find the values of ``${VARIABLE}``, determined without the engine and its keys."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datakit_iac.cli.project_scope import pulumi_project
from datakit_iac.findings.sensitive import REDACTED

if TYPE_CHECKING:
    from datakit_iac.contract.connection import Connection
    from datakit_iac.environment.model import ResolvedStore
    from datakit_iac.environment.secrets.sources import Secrets


def secrets(root: Path, env: str, *, revealed: bool = False) -> Secrets:
    """The same places in the same order as the program of the environment's stack.

    Args:
        root: the folder of the manifests; the Pulumi project is there or above, or else at the working directory.
        env: the environment, and so the stack.
        revealed: whether the values of the stack's config are needed, which the engine decrypts when they are asked
            for; else only its names are looked at.
    """
    from datakit_iac.environment.secrets.file import of_file
    from datakit_iac.environment.secrets.sources import Secrets, Source, of_process

    folder = pulumi_project(root) or pulumi_project(Path.cwd()) or root
    names = set(_config_secrets(folder, env))
    value = cache(partial(_of_engine, folder=folder, env=env))
    source = Source(
        f"the config secrets of stack {env}",
        lambda variable: (value(variable) if revealed else REDACTED) if variable in names else None,
        "pulumi config set --secret {}",
    )
    return Secrets((of_process(os.environ), source, of_file(folder, os.environ)))


def reached(store: ResolvedStore, root: Path, env: str) -> Connection:
    """How a Store is reached, with the values of its secrets.

    Raises:
        UsageError: a secret is not set, or only the engine knows it.
    """
    from datakit_iac.cli.exit_codes import UsageError
    from datakit_iac.manifest.values.deferred import is_deferred
    from datakit_iac.manifest.values.secret import Secret, variable

    known, folder = secrets(root, env), pulumi_project(root) or pulumi_project(Path.cwd())
    found: dict[str, Secret] = {}
    if is_deferred([store.connection.options, store.secrets]):
        raise UsageError(f"Store {store.name} is reached by values that only the engine knows", "bind it to known ones")
    for name, reference in store.secrets.items():
        value = known.find(variable(reference))
        if value is None:
            message = f"Store {store.name} takes its secret {name} from {reference}, which is not set"
            raise UsageError(f"{message}; looked in {known.looked_in}", known.remedy(variable(reference)))
        found[name] = Secret(_of_engine(variable(reference), folder, env) if value is REDACTED else value)
    return replace(store.connection, secrets=found)


def _of_engine(variable: str, folder: Path | None, env: str) -> str:
    """The value of a config secret, which the engine decrypts.

    Raises:
        UsageError: it cannot.
    """
    from datakit_iac.cli.exit_codes import UsageError
    from datakit_iac.toolchain.engine import wrapper

    project = _read(folder / "Pulumi.yaml").get("name") if folder else None
    reason = ""
    for namespace in (project, "datakit"):
        asked = [str(wrapper.executable()), "config", "get", f"{namespace}:{variable}", "--stack", env]
        done = subprocess.run(asked, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return done.stdout.rstrip("\n")
        reason = reason or done.stderr.strip()
    raise UsageError(f"the engine returns no value of {variable}: {reason}", f"export {variable}=…")


def _config_secrets(folder: Path, env: str) -> Iterator[str]:
    """The names of a stack's secrets in the namespaces that the program looks into."""
    project = _read(folder / "Pulumi.yaml")
    namespaces = (project.get("name"), "datakit")
    config = _read(folder / str(project.get("stackConfigDir") or "") / f"Pulumi.{env}.yaml").get("config")
    for key, value in (config if isinstance(config, dict) else {}).items():
        namespace, _, name = str(key).partition(":")
        if isinstance(value, dict) and "secure" in value and namespace in namespaces:
            yield name


def _read(file: Path) -> dict[str, Any]:
    import yaml

    try:
        loaded = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}  # the engine itself says so
    return loaded if isinstance(loaded, dict) else {}
