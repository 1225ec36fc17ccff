"""The worker: a process that has dbt imported and builds whenever a line asks it to.

Run as a script, never imported: ``python -P worker.py ADAPTERS TASK …`` for one request. Without a task it does one
for each line ``{"args": ["TASK", …], "env": {…}}`` that it reads. The adapters are modules that it imports ahead, with
commas between them. The tasks are ``build SELECTION -- OPTIONS``, ``parse SELECTION -- OPTIONS`` and ``deps OPTIONS``,
all dbt's own. The folder ``DATAKIT_FOLDER`` holds a ``request.json``: the ``names`` of all variables that the job may
see, and for a build the ``ports`` that `placement` knows. What it answers are lines that begin with the record
separator, so that nothing a library prints can be taken for one; ``exit`` is said to those only who sent a line:

    {"faults": ["…"]}   {"building": {"model.shop.a": {…}}}   {"selected": {"model": 8, "test": 12}}
    {"listed": ["model.shop.a"]}
    {"done": "model"}   {"warning": "…"}   {"result": {"id": "model.shop.a", "status": "success", …}}
    {"reply": {"error": "", "folders": ["/…"]}}   {"exit": 0}

Lines without it are dbt's own on each node that is finished, for the log of the Run.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, TextIO

MARK = "\x1e"
_BARE = "datakit_dbt"
_QUIET = {
    # No call home, whatever the user's own settings say.
    "DO_NOT_TRACK": "1",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
}
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
Tell = Callable[[dict[str, Any] | str], None]


def main() -> None:
    """Serve the request of the arguments, or requests until there are no more."""
    os.environ.update(_QUIET)
    tell = _teller()
    from dbt.cli.main import dbtRunner

    for adapter in filter(None, sys.argv[1].split(",")):
        with contextlib.suppress(ImportError):
            importlib.import_module(adapter)  # what builds need, while there is time
    if len(sys.argv) > 2:
        _serve(sys.argv[2:], {}, dbtRunner, tell)
        return
    for line in sys.stdin:
        asked = json.loads(line)
        _serve(asked["args"], asked["env"], dbtRunner, tell)
        tell({"exit": 0})


def _teller() -> Tell:
    # dbt prints to stdout: that goes nowhere, and only we keep the real one.
    ours: TextIO = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)

    def tell(message: dict[str, Any] | str) -> None:
        print(message if isinstance(message, str) else f"{MARK}{json.dumps(message)}", file=ours, flush=True)

    return tell


def _serve(args: Sequence[str], env: Mapping[str, str], runner: Any, tell: Tell) -> None:
    task, *options = args
    project = options[options.index("--project-dir") + 1]
    try:
        folder = {**os.environ, **env}["DATAKIT_FOLDER"]
        request = json.loads(Path(folder, "request.json").read_text(encoding="utf-8"))
        with _environment(env, request["names"]) as seen, contextlib.chdir(project):
            if task == "deps":
                error = _fetch(options, seen, runner)
            else:
                place = options.index("--")
                given = (options[:place], options[place + 1 :])
                if task == "parse":
                    error = _parse(*given, runner, tell)
                else:
                    error = _build(*given, request["ports"], runner, tell)
    except Exception as fault:  # a fault inside dbt must not end the worker without a word
        error = f"{type(fault).__name__}: {fault}"
    tell({"reply": {"error": error, "folders": [project, str(Path(project).resolve())]}})


def _fetch(options: Sequence[str], seen: Mapping[str, str], runner: Any) -> str:
    """Install the packages of a project, from the hub that the job's variables name; the error where there is one."""
    from dbt.clients import registry

    of_dbt = registry.DEFAULT_REGISTRY_BASE_URL
    registry.DEFAULT_REGISTRY_BASE_URL = f"{(seen.get('DBT_PACKAGE_HUB_URL') or of_dbt).rstrip('/')}/"
    try:
        done = runner().invoke(["deps", *options])
    finally:
        registry.DEFAULT_REGISTRY_BASE_URL = of_dbt
    return "" if done.success else str(done.exception or "dbt gave no reason")


def _parse(select: Sequence[str], options: Sequence[str], runner: Any, tell: Tell) -> str:
    """Parse, so that the target folder has dbt's manifest, and tell what is selected; the error where there is one."""
    read = runner().invoke(["parse", *options])
    if not read.success:
        return _told(read.exception, "") or "dbt could not read the project"
    selected = _selected(read.result, select, options, runner)
    if isinstance(selected, str):
        return selected
    tell({"listed": [each["unique_id"] for each in selected]})
    return ""


def _selected(manifest: Any, select: Sequence[str], options: Sequence[str], runner: Any) -> list[dict[str, str]] | str:
    """What is selected, or the error."""
    keys = ["--output", "json", "--output-keys", "resource_type unique_id"]
    listed = runner(manifest=manifest).invoke(["list", *keys, *select, *options])
    if not listed.success:
        return str(listed.exception or "dbt could not select")
    return [json.loads(line) for line in listed.result or ()]


def _build(select: Sequence[str], options: Sequence[str], ports: dict[str, Any], runner: Any, tell: Tell) -> str:
    """Parse, select, build; the error where there is one. A build that ran tells its results and is not an error."""

    def on_event(event: Any) -> None:
        if event.info.name == "NodeFinished":
            tell({"done": event.data.node_info.resource_type})
        elif event.info.name.startswith("Log") and event.info.name.endswith("Result"):
            tell(_ANSI.sub("", " ".join(event.info.msg.split())))
        if event.info.level == "warn":
            tell({"warning": event.info.msg})

    read = runner(callbacks=[on_event]).invoke(["parse", *options])
    if not read.success:
        return _told(read.exception, ports["package"]) or "dbt could not read the project"
    # Each build gets a manifest of its own: dbt writes into it, and so do we.
    manifest = read.result
    selected = _selected(manifest, select, options, runner)
    if isinstance(selected, str):
        return selected
    if selected:
        edits = _beside("dbt_manifest")
        placed = edits.placed(manifest, frozenset(each["unique_id"] for each in selected), ports)
        if placed.faults:
            tell({"faults": placed.faults})
            return ""
        tell({"building": edits.building(manifest, placed)})
    tell({"selected": dict(Counter(each["resource_type"] for each in selected))})
    built = runner(manifest=manifest, callbacks=[on_event]).invoke(["build", *select, *options])
    for each in getattr(built.result, "results", ()):
        tell({"result": _result(manifest, each)})
    return str(built.exception) if built.exception else ""


def _result(manifest: Any, result: Any) -> dict[str, Any]:
    """What became of one node, as `results.Result` has it."""
    uid = result.node.unique_id
    node = manifest.nodes.get(uid) or manifest.unit_tests.get(uid) or result.node
    tested = getattr(manifest.nodes.get(getattr(node, "attached_node", None) or ""), "name", "")
    column = getattr(node, "column_name", None) or ""
    return {
        "id": uid,
        "kind": uid.partition(".")[0],
        "name": node.name,
        "file": node.original_file_path,
        "status": str(result.status),
        "message": result.message or "",
        "failures": result.failures or 0,
        "subject": f"{tested}.{column}" if tested and column else tested,
    }


def _told(fault: BaseException | None, package: str) -> str:
    """What dbt says of an error; where a template asks for a variable that is not there, it says not which one does."""
    text = str(fault or "")
    frame = fault.__traceback__ if fault and text.startswith("Parsing Error\n  Env var") else None
    asking: Any = None
    while frame:
        asking = getattr(frame.tb_frame.f_locals.get("self"), "model", None) or asking
        frame = frame.tb_next
    if not (file := getattr(asking, "original_file_path", "")):
        return text
    where = file if asking.package_name == package else f"dbt_packages/{asking.package_name}/{file}"
    return text.replace("Parsing Error", f"Parsing Error in {asking.resource_type} {asking.name} ({where})", 1)


def _beside(name: str) -> ModuleType:
    """A module of this folder.

    The package takes long to import, and its folder must not stand on the path: a bare package stands for it.
    """
    bare = sys.modules.setdefault(_BARE, ModuleType(_BARE))
    bare.__path__ = [str(Path(__file__).parent)]
    return importlib.import_module(f"{_BARE}.{name}")


@contextlib.contextmanager
def _environment(env: Mapping[str, str], names: Sequence[str]) -> Iterator[Mapping[str, str]]:
    """Let dbt see the variables of the job and no other; those are given out.

    The process itself has a few that it needs (`executors.variables`): `env_var()` must not compute with those. And dbt
    takes options from variables (``DBT_EMPTY``): of the job's own, those must not steer it.
    """
    from dbt.cli import requires

    before = dict(os.environ)
    os.environ.update(env)
    seen = {name: os.environ[name] for name in names}
    for name in os.environ.keys() - {"DBT_SEND_ANONYMOUS_USAGE_STATS"}:
        if name.startswith("DBT_") and not name.startswith("DBT_ENV_"):
            del os.environ[name]
    of_dbt = requires.get_env
    vars(requires)["get_env"] = lambda: dict(seen)
    try:
        yield seen
    finally:
        vars(requires)["get_env"] = of_dbt
        os.environ.clear()
        os.environ.update(before)


if __name__ == "__main__":
    main()
