"""Whether a Pulumi program could find the values of ``${VARIABLE}``, told without the engine and its keys."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datakit_iac.cli.scope import pulumi_project

if TYPE_CHECKING:
    from datakit_iac.environment.secrets import Secrets


def secrets(root: Path, env: str) -> Secrets:
    """The same places in the same order as the program of the environment's stack; of its config only the names.

    Args:
        root: the folder of the manifests; the Pulumi project is there or above, or else at the working directory.
        env: the environment, and so the stack.
    """
    from datakit_iac.environment.secrets import Secrets, Source, of_process
    from datakit_iac.environment.secrets_file import of_file
    from datakit_iac.manifest.values.secret import REDACTED

    folder = pulumi_project(root) or pulumi_project(Path.cwd()) or root
    names = set(_config_secrets(folder, env))
    source = Source(
        f"the config secrets of stack {env}",
        lambda variable: REDACTED if variable in names else None,
        "pulumi config set --secret {}",
    )
    return Secrets((of_process(os.environ), source, of_file(folder, os.environ)))


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
