"""The virtual environment of a Python job, made by uv of what its folder asks for, and kept."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import platform
import shutil
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from datakit_iac.runtimes.generic import cache, folder
from datakit_iac.runtimes.generic.building import BuildError, Tool, mind, scratch
from datakit_iac.runtimes.generic.requirements import LOCK, PROJECT, Requirements
from datakit_iac.runtimes.job import JobFailedError, RunContext

_VENV: Final = "venv"
_BEHIND: Final = "datakit-behind.pth"
MISSING: Final = "uv is not installed; install datakit-iac[generic-python], or put uv on PATH"


def uv() -> Tool | None:
    """The uv that is installed with us, or else the one on PATH."""
    beside = Path(sysconfig.get_path("scripts"), "uv")
    found = str(beside) if beside.is_file() else shutil.which("uv")
    return Tool(found, ("UV_",)) if found else None


@contextmanager
def environment(code: Path, asked: Requirements, context: RunContext) -> Iterator[Path]:
    """The folder of the programs of a virtual environment with what is asked for.

    Args:
        code: the folder of the job's code.
        asked: what that asks for.
        context: of the Run.

    Raises:
        JobFailedError: it cannot be made; the file is named, and what uv says.
        Cancelled: the user stopped it.
    """
    key = _key(code, asked)
    make = partial(_make, code, asked, context)
    try:
        with cache.kept(context.cache / "python", key, make, partial(mind, context)) as made:
            yield made / _VENV / "bin"
    except BuildError as failure:
        raise JobFailedError(
            f"the Python environment that {code / asked.file} asks for could not be made by uv", failure.args
        ) from None


def _key(code: Path, asked: Requirements) -> str:
    names = folder.digests(code)
    read = names if asked.takes_code else {name: _digest(code / name) for name in asked.read}
    python = [platform.python_implementation(), platform.python_version(), platform.machine(), sys.base_prefix]
    text = json.dumps([asked.file, read, python, _ours()], sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _make(code: Path, asked: Requirements, context: RunContext, made: Path) -> None:
    if (tool := uv()) is None:
        raise JobFailedError(MISSING, is_final=True)
    context.progress(f"making the Python environment of {asked.file}")
    made.mkdir()
    venv = (made / _VENV).absolute()
    with scratch(context) as copied:  # builds leave files behind, which are none of the user's
        folder.copy(code, copied)
        for arguments in _commands(asked, venv):
            tool.run(arguments, copied, _settings(venv), context)
    _put_behind(venv)


def _settings(venv: Path) -> Mapping[str, str]:
    return {"UV_PROJECT_ENVIRONMENT": str(venv), "UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1"}


def _commands(asked: Requirements, venv: Path) -> Iterator[list[str]]:
    if asked.file == LOCK:
        yield ["sync", "--locked", "--no-dev", "--no-editable", "--python", sys.executable]
        return
    yield ["venv", "--no-project", "--python", sys.executable, str(venv)]
    own = ["."] if asked.file == PROJECT and asked.takes_code else ["--requirements", asked.file]
    yield ["pip", "install", "--python", str(venv / "bin" / "python"), *own]


def _put_behind(venv: Path) -> None:
    """Let the environment find our packages where it has none of that name, so that jobs can ask for their Stores."""
    packages = next((venv / "lib").glob("python*/site-packages"))
    if not [*packages.glob("datakit_iac*")]:
        added = "; ".join(f"site.addsitedir({path!r})" for path in _ours())
        (packages / _BEHIND).write_text(f"import site; {added}\n", encoding="utf-8")


def _ours() -> list[str]:
    """Where our packages are: the environment that runs us, and this one where that is elsewhere."""
    paths = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    spec = importlib.util.find_spec("datakit_iac")
    paths += [str(Path(each).parent) for each in (spec.submodule_search_locations or ())] if spec else []
    return [*dict.fromkeys(paths)]
