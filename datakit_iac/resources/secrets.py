"""Where a Pulumi program takes the values of ``${VARIABLE}`` from."""

from __future__ import annotations

import os
from pathlib import Path

import pulumi
from pulumi.runtime import is_config_secret

from datakit_iac.environment.secrets.file import of_file
from datakit_iac.environment.secrets.sources import Secrets, Source, of_process


def secrets(folder: Path) -> Secrets:
    """The process's environment, then the stack's own secrets, then a file of secrets.

    Args:
        folder: the Pulumi project's, which the file's usual place counts from.
    """
    return Secrets((of_process(os.environ), _of_stack(), of_file(folder, os.environ)))


def _of_stack() -> Source:
    """The project's config secrets, and those of the namespace `datakit`; values in clear do not count."""
    bags = (pulumi.Config(), pulumi.Config("datakit"))

    def find(variable: str) -> str | None:
        return next((bag.get(variable) for bag in bags if is_config_secret(bag.full_key(variable))), None)

    return Source(f"the config secrets of stack {pulumi.get_stack()}", find, "pulumi config set --secret {}")
