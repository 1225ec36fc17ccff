"""A file of secrets, `NAME=value` a line: read where it is safe, never written."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from datakit_iac.environment.secrets.sources import Source, SourceError

VARIABLE: Final = "DATAKIT_SECRETS_FILE"
DEFAULT: Final = ".datakit/secrets.env"


def of_file(folder: Path, variables: Mapping[str, str]) -> Source:
    """The file that `DATAKIT_SECRETS_FILE` names, or else `.datakit/secrets.env` below a folder.

    A file that is not there has no secrets, unless it was named. It is read when the first secret is looked up.
    """
    named = variables.get(VARIABLE)
    file = Path(named).expanduser() if named else folder / DEFAULT

    @cache
    def values() -> dict[str, str]:
        return read(file) if named or file.exists() else {}

    return Source(f"the file {_shown(file)}", lambda variable: values().get(variable), f"{{}}=… in {_shown(file)}")


def read(file: Path) -> dict[str, str]:
    """The values of a file of secrets, in the format of dotenv.

    Raises:
        SourceError: it cannot be read, others may read it, git tracks it, or a line is not ``NAME=value``.
    """
    from dotenv.parser import parse_stream

    try:
        mode = file.stat().st_mode
        _demand_safety(file, mode)
        with file.open(encoding="utf-8") as stream:
            lines = list(parse_stream(stream))
    except (OSError, UnicodeDecodeError) as fault:
        reason = getattr(fault, "strerror", None) or "it is not UTF-8"
        raise SourceError(f"the file of secrets {_shown(file)} cannot be read: {reason}", "fix it") from fault
    if wrong := next((each for each in lines if each.error or (each.key and each.value is None)), None):
        text = wrong.original.string
        place = f"{_shown(file)}:{wrong.original.line + len(text) - len(text.lstrip(chr(10)))}"
        raise SourceError(f"{place}: this is not a line of a file of secrets", "write NAME=value, one a line")
    return {line.key: line.value for line in lines if line.key and line.value is not None}


def _demand_safety(file: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise SourceError(f"{_shown(file)} is not a file", "name a file of lines NAME=value")
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        message = f"the file of secrets {_shown(file)} is open to others (mode {stat.S_IMODE(mode):04o})"
        raise SourceError(message, f"chmod 600 {_shown(file)}")
    if _is_tracked(file):
        message = f"the file of secrets {_shown(file)} is tracked by git"
        raise SourceError(message, f"git rm --cached {_shown(file)}, ignore it, and change what it held")


def _is_tracked(file: Path) -> bool:
    git = shutil.which("git")
    if git is None:
        return False
    # No configuration of the repository may start a program of its own here.
    command = [git, "-c", "core.fsmonitor=false", "ls-files", "--error-unmatch", "--", file.name]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    asked = subprocess.run(command, cwd=file.absolute().parent, env=environment, capture_output=True, check=False)
    return asked.returncode == 0


def _shown(file: Path) -> str:
    here = Path.cwd()
    return str(file.relative_to(here) if file.is_relative_to(here) else file)
