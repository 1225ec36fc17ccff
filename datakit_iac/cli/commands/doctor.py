"""Show which tools are on this machine, where they are, and how to get those that are not. Nothing is changed."""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from datakit_iac.cli import exit_codes
from datakit_iac.cli.output.terminal import Paint, paint

if TYPE_CHECKING:
    from datakit_iac.toolchain.doctor import Tool


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("--output", choices=("text", "json"), default="text", help="for people or programs")


def run(options: Namespace) -> int:
    from datakit_iac.toolchain.doctor import examine

    tools = examine(Path(sys.prefix), os.environ)
    missing = [tool.name for tool in tools if tool.is_needed and not tool.is_there]
    if options.output == "json":
        print(json.dumps({"tools": [tool.as_dict() for tool in tools], "missing": missing}, indent=2))
    else:
        print("\n".join(_text(tools, missing, paint(sys.stdout))))
    return exit_codes.MISSING if missing else exit_codes.FINE


def _text(tools: Sequence[Tool], missing: Sequence[str], painted: Paint) -> Iterator[str]:
    names, versions = (max(len(getattr(tool, field)) for tool in tools) for field in ("name", "version"))
    versions = max(versions, len("optional"))
    for tool in tools:
        if tool.is_there:
            mark, version, place = painted("ok", "green"), tool.version, tool.path
        elif tool.is_needed:
            mark, version, place = painted("no", "red"), "missing", ""
        else:
            mark, version, place = painted("--", "yellow"), "optional", ""
        yield f"{mark}  {tool.name:<{names}}  {version:<{versions}}  {place}".rstrip()
        yield from _further(tool, " " * (names + 6), painted)
    yield ""
    yield painted(f"missing: {', '.join(missing)}", "red") if missing else "Everything that is needed is installed."


def _further(tool: Tool, margin: str, painted: Paint) -> Iterator[str]:
    for part in filter(None, tool.detail.split("; ")):
        yield margin + painted(part, "dim")
    if not tool.is_there:
        yield f"{margin}fix: {tool.fix}"
