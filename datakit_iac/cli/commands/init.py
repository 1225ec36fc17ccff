"""Begin a project: manifests for dev, stage and prod, a Pulumi program, and a small file that is loaded into DuckDB.

It works at once, without a service or an account. With --runtime it begins a Transform instead, in the project where we
are or by itself; `dk init transform NAME` adds one that reads and writes the DataSets that are named.
"""

from __future__ import annotations

import json
import os
import re
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from datakit_iac.cli import exit_codes
from datakit_iac.cli.commands.init_transform import RUNTIMES, package


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("folder", nargs="?", default=".", metavar="FOLDER", help="where, made if needed (default: .)")
    parser.add_argument("--name", metavar="PROJECT", help="the Pulumi project's name (default: the folder's)")
    parser.add_argument("--runtime", choices=RUNTIMES, help="begin a Transform of the name FOLDER, run by this")
    parser.add_argument("--mode", choices=("batch", "streaming"), help="the mode of a Transform (default: batch)")
    parser.add_argument("--namespace", metavar="NAME", help="the namespace of a Transform")
    parser.add_argument("--force", action="store_true", help="overwrite files; the old ones are kept as .orig")
    parser.add_argument("--output", choices=("text", "json"), default="text", help="for people or programs")


def run(options: Namespace) -> int:
    if options.runtime:
        return _transform(options)
    if options.mode or options.namespace:
        raise exit_codes.UsageError("--mode and --namespace are of a Transform", f"add --runtime {'|'.join(RUNTIMES)}")
    from datakit_iac.cli.scaffold import files, templates

    folder = Path(os.path.abspath(options.folder))  # noqa: PTH100  # links stay as they are named
    texts = templates.filled("project", {"name": _name(options.name, folder)})
    written = files.write({folder / path: text for path, text in texts.items()}, force=options.force)
    _link_environment(folder)
    steps = [f"cd {options.folder}"] if folder != Path.cwd() else []
    steps += ["pulumi stack init dev", "dk apply --env dev"]
    if options.output == "json":
        print(json.dumps({**written.as_dict(), "next": steps}, indent=2))
    else:
        print(f"{options.folder}: {len(written.files)} files written")
        print("\n".join([*written.lines(), "", "Next:", *(f"  {step}" for step in steps)]))
    return exit_codes.FINE


def _transform(options: Namespace) -> int:
    if options.name:
        raise exit_codes.UsageError(
            "--name is of a project; a Transform is named by the first argument", "leave it out"
        )
    return package(
        options.folder,
        options.runtime,
        options.mode or "batch",
        options.namespace or "",
        force=options.force,
        as_json=options.output == "json",
    )


def _name(asked: str | None, folder: Path) -> str:
    """A name that Pulumi takes: letters, digits, hyphens, dots and underscores."""
    if asked is None:
        return re.sub(r"[^a-z0-9._-]+", "-", folder.name.lower()).strip("-._") or "platform"
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,100}", asked):
        raise exit_codes.UsageError(
            f"{asked!r} is not a valid name of a project", "use letters, digits, hyphens, dots and underscores"
        )
    return asked


def _link_environment(folder: Path) -> None:
    """Let `.venv` of the project be the environment we run in, so that Pulumi.yaml is the same on every machine."""
    link = folder / ".venv"
    if os.path.lexists(link):
        return
    try:
        link.symlink_to(sys.prefix, target_is_directory=True)
    except OSError as fault:
        print(f"dk: .venv could not be linked to {sys.prefix}: {fault.strerror}", file=sys.stderr)
