"""What the commands that look at data have in common: the DataSet's Store opened, and values as they are shown."""

from __future__ import annotations

import math
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from datakit_iac.cli import environments
from datakit_iac.cli.exit_codes import UsageError
from datakit_iac.cli.lookup import known
from datakit_iac.cli.project_scope import add_path

if TYPE_CHECKING:
    from datakit_iac.contract.dataset import BoundDataSet
    from datakit_iac.manifest.project import Project
    from datakit_iac.technologies.roles import ReadsRows

_WIDEST: Final = 48
"""Signs of a value that are shown in a table."""


def configure(parser: ArgumentParser) -> None:
    """Add the arguments that such commands share."""
    parser.add_argument("name", metavar="DATASET", help="the DataSet's name")
    add_path(parser)
    parser.add_argument("--env", default="dev", metavar="ENV", help="the environment (default: dev)")
    parser.add_argument("--show-pii", action="store_true", help="show personal data, too")
    parser.add_argument("--output", choices=("text", "json"), default="text", help="for people or programs")


@contextmanager
def opened(project: Project, options: Namespace) -> Iterator[tuple[BoundDataSet, ReadsRows]]:
    """The DataSet where its environment has it, and what reads it.

    Raises:
        UsageError: there is no such DataSet, its Store cannot be reached, or what was asked of it is refused.
    """
    from datakit_iac.cli.secrets import reached
    from datakit_iac.technologies.roles import ReadsRows, role
    from datakit_iac.technologies.technology import StoreError, technology

    known("DataSet", options.name, project.datasets)
    resolved = environments.resolved(project, options.env)
    if options.name not in resolved.datasets:
        raise UsageError(f"DataSet {options.name} has no place in {options.env}", f"dk validate --env {options.env}")
    bound = resolved.datasets[options.name].bound
    store = resolved.stores[bound.store]
    if not store.is_installed:
        raise UsageError(f"no code of {store.connection.technology} is installed", "`dk doctor`")
    connection = reached(store, project.root, options.env)
    kind = technology(connection.technology)
    try:
        with kind.open(connection) as session:
            yield replace(bound, connection=connection), role(session, ReadsRows, kind.name)
    except StoreError as fault:
        raise UsageError(f"DataSet {bound.name} in Store {store.name}: {fault}") from fault


def as_json(value: Any) -> Any:
    """A value as JSON has it; what JSON does not have is text."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, list | tuple):
        return [as_json(each) for each in value]
    if isinstance(value, dict):
        return {str(name): as_json(each) for name, each in value.items()}
    return _text(value)


def in_a_cell(value: Any) -> str:
    """A value in a table: no value and an empty text can be told apart."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = _text(value) or '""'
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def _text(value: Any) -> str:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    if isinstance(value, Decimal):
        return format(value, "f") if value.is_finite() else str(value)
    if isinstance(value, list | tuple | dict):
        import json

        return json.dumps(as_json(value), ensure_ascii=False)
    return str(value)
