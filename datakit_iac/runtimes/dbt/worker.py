"""The worker: a process that has dbt imported and builds whenever a line asks it to.

Run as a script by `session`, never imported: ``python -P worker.py``, or ``python -P worker.py REQUEST.json`` for one
build. A request is a line of JSON: ``args`` and ``select`` of dbt, ``env``, ``cwd``. What it answers are lines that
begin with the record separator, so that nothing a library prints can be taken for one:

    {"selected": {"model": 8, "test": 12}}   {"done": "model"}   {"warning": "…"}   {"reply": {"error": ""}}
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO

MARK = "\x1e"
Tell = Callable[[dict[str, Any]], None]


def main() -> None:
    """Serve requests until there are no more."""
    tell = _teller()
    from dbt.cli.main import dbtRunner

    with contextlib.suppress(ImportError):
        import dbt.adapters.duckdb  # noqa: F401 - what most builds need, imported while there is time
    if len(sys.argv) > 1:
        _serve(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), dbtRunner, tell)
        return
    for line in sys.stdin:
        _serve(json.loads(line), dbtRunner, tell)


def _teller() -> Tell:
    # dbt prints to stdout: that goes nowhere, and only we keep the real one.
    ours: TextIO = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)

    def tell(message: dict[str, Any]) -> None:
        print(f"{MARK}{json.dumps(message)}", file=ours, flush=True)

    return tell


def _serve(request: dict[str, Any], runner: Any, tell: Tell) -> None:
    with _environment(request["env"]), contextlib.chdir(request["cwd"]):
        try:
            error = _build(request, runner, tell)
        except Exception as fault:  # a fault inside dbt must not end the worker without a word
            error = f"{type(fault).__name__}: {fault}"
    tell({"reply": {"error": error}})


def _build(request: dict[str, Any], runner: Any, tell: Tell) -> str:
    """Parse, select, build; the error where there is one. A build that ran leaves its artifacts and is no error."""

    def on_event(event: Any) -> None:
        if event.info.name == "NodeFinished":
            tell({"done": event.data.node_info.resource_type})
        elif event.info.level == "warn":
            tell({"warning": event.info.msg})

    parsed = runner(callbacks=[on_event]).invoke(["parse", *request["args"]])
    if not parsed.success:
        return str(parsed.exception or "dbt could not read the project")
    # Each build gets a manifest of its own: dbt writes into it.
    keys = ["--output", "json", "--output-keys", "resource_type"]
    listed = runner(manifest=parsed.result).invoke(["list", *keys, *request["select"], *request["args"]])
    if not listed.success:
        return str(listed.exception or "dbt could not select")
    tell({"selected": dict(Counter(json.loads(line)["resource_type"] for line in listed.result or ()))})
    built = runner(manifest=parsed.result, callbacks=[on_event]).invoke(["build", *request["select"], *request["args"]])
    return str(built.exception) if built.exception else ""


@contextlib.contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


if __name__ == "__main__":
    main()
