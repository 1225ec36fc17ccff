"""The process of a function: ``python -m datakit_iac.runtimes.python.job JOB``.

JOB is a file beside the function's modules::

    {"transform": "score", "code": "code", "base": "transforms", "module": "score.py", "function": "score",
     "writeMode": "overwrite-delete-stale",
     "inputs": [{"parameter": "users", "dataset": "users", "opens": "…:DuckDBSource", "spec": {…}}],
     "outputs": [{"key": "scores", "dataset": "scores", "table": "marts.scores", "columns": […]}],
     "destination": {"opens": "…:open_destination", "spec": {"password": {"$variable": "DATAKIT_VALUE_0"}}}}

What it tells are the events of `cloudquery_plugins.events`, a line each; what the function prints is between them.
"""

from __future__ import annotations

import contextlib
import json
import os
import pkgutil
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from datakit_iac.cloudquery_plugins.columns import DeclaredColumn
from datakit_iac.cloudquery_plugins.events import Event, emit
from datakit_iac.cloudquery_plugins.fault import PluginFault
from datakit_iac.functions.importing import ModuleFault, imported, search_path
from datakit_iac.runtimes.python.output import FINAL

_SHOWN_EACH: Final = 500_000
"""Rows of an input between two lines about it."""


def main(argv: Sequence[str]) -> int:
    """Run the function of a JOB; the exit code."""
    file = Path(argv[0])
    try:
        _run(_filled(json.loads(file.read_text(encoding="utf-8"))), file.parent)
    except KeyboardInterrupt:
        return 130
    except (ModuleFault, PluginFault) as fault:
        return _failed(str(fault), FINAL if isinstance(fault, ModuleFault) else 1)
    except Exception as fault:
        if (is_final := getattr(fault, "is_final", None)) is None:
            traceback.print_exc()
            return _failed(f"{type(fault).__name__}: {fault}", 1)
        if fault.__cause__:
            traceback.print_exception(fault.__cause__)
        return _failed(str(fault), FINAL if is_final else 1)
    return 0


def _failed(text: str, code: int) -> int:
    sys.stderr.flush()
    emit(Event("error", text))
    return code


def _run(job: Mapping[str, Any], folder: Path) -> None:
    from datakit_iac.runtimes.python import calling, writing

    module = folder / job["code"] / job["module"]

    def shown(file: Path) -> str:
        return Path(job["base"], file.relative_to(folder / job["code"])).as_posix()

    outputs = {
        each["key"]: writing.Output(
            each["dataset"], [DeclaredColumn.parse(column) for column in each["columns"]], each["table"]
        )
        for each in job["outputs"]
    }
    with contextlib.ExitStack() as held:
        own = held.enter_context(_imported(module, shown))
        function = getattr(own, job["function"], None)
        if not callable(function):
            raise ModuleFault(f"{shown(module)} has no function {job['function']}", module, 0)
        held.enter_context(calling.failures(job["function"], search_path(module), shown))
        readers = {each["parameter"]: _reader(each, held) for each in job["inputs"]}
        emit(Event("progress", f"running {job['function']}"))
        rows = calling.called(function, readers, outputs, folder)
        target = job["destination"]
        writing.write(
            lambda: pkgutil.resolve_name(target["opens"])(target["spec"]), rows, job["transform"], job["writeMode"]
        )


@contextlib.contextmanager
def _imported(module: Path, shown: Any) -> Any:
    with contextlib.ExitStack() as held:
        try:
            own = held.enter_context(imported(module))
        except ModuleFault as fault:
            where = f"{shown(fault.file)}:{fault.line}: " if fault.file.is_relative_to(module.parents[0]) else ""
            raise ModuleFault(f"{where}{fault}", fault.file, fault.line) from fault
        yield own


def _reader(asked: Mapping[str, Any], held: contextlib.ExitStack) -> Any:
    from datakit_iac.runtimes.python.reading import stream

    source = pkgutil.resolve_name(asked["opens"])(asked["spec"])
    held.callback(source.close)
    told = 0

    def progress(rows: int) -> None:
        nonlocal told
        if rows // _SHOWN_EACH > told // _SHOWN_EACH:
            emit(Event("progress", f"{asked['dataset']} {rows:,} rows read"))
        told = rows

    return stream(source, progress)


def _filled(value: Any) -> Any:
    """A value with its secrets, which are taken out of the environment: the function has no business with them."""
    if isinstance(value, Mapping):
        if [*value] == ["$variable"]:
            return os.environ.pop(value["$variable"])
        return {name: _filled(each) for name, each in value.items()}
    return [_filled(each) for each in value] if isinstance(value, list) else value


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
