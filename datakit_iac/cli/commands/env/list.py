"""List the Environments of a project."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from datakit_iac.cli import listing

if TYPE_CHECKING:
    from datakit_iac.manifest.models.environment import Environment
    from datakit_iac.manifest.project import Project


def configure(parser: ArgumentParser) -> None:
    listing.add_list(parser)


def run(options: Namespace) -> int:
    return listing.show_all(options, "environments", _row, shown=_shown)


def _row(project: Project, environment: Environment) -> dict[str, Any]:
    spec = environment.spec
    return {
        "name": environment.name,
        "description": environment.metadata.description,
        "versions": spec.versions,
        "approval": spec.approval.mode,
        "approvals": spec.approval.needed,
        "executor": spec.executor.type,
        "deletion": spec.deletion,
        "stores": sorted({each.name for each in environment.bound()} & project.stores.keys()),
    }


def _shown(row: listing.Row) -> dict[str, Any]:
    return {
        "NAME": row["name"],
        "VERSIONS": row["versions"],
        "APPROVAL": f"{row['approval']} ({row['approvals']})" if row["approvals"] else row["approval"],
        "EXECUTOR": row["executor"],
        "DELETION": row["deletion"],
        "STORES BOUND": row["stores"],
        "DESCRIPTION": row["description"],
    }
