"""The Runtime `python`."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from datakit_iac.cloudquery_plugins.columns import declared
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.contract.job import Job
from datakit_iac.executors.lines import Lines
from datakit_iac.executors.workload import FOLDER, Workload
from datakit_iac.findings.fault import Fault
from datakit_iac.functions.importing import search_path
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.manifest.values.write_mode import DELETE_STALE
from datakit_iac.runtimes.definition import given_digest
from datakit_iac.runtimes.job import JobFailedError, RunContext, RunResult, invalid_job
from datakit_iac.runtimes.python import code, stores
from datakit_iac.runtimes.python.output import Output
from datakit_iac.technologies.technology import address

_CODE: Final = "code"
_JOB: Final = "job.json"
_FRUGAL: Final = {
    "OPENBLAS_NUM_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": "131072",
}
"""So that memory that is given back is the machine's again: a stream of batches else takes a tenth more."""
_PROGRAM: Final = "datakit_iac.runtimes.python.job"


class Python:
    """Runs a function of the project, in a process that is given its modules and nothing else of the project."""

    name = "python"
    paths: Final = ("module",)

    def check(self, job: Job) -> list[Fault]:
        """Faults of the settings, the modules and the Stores."""
        try:
            code.modules(_module(job))
        except ValueError as fault:
            return [invalid_job(str(fault), "module")]
        inputs, outputs = _by_name(job.inputs), _by_name(job.outputs)
        found = [
            *_unknown("parameters", _parameters(job), inputs),
            *_unknown("returns", _returns(job), outputs),
        ]
        for side, names, said in (("inputs", inputs, _parameters(job)), ("outputs", outputs, _returns(job))):
            left = [each for each in names if each not in said.values()]
            found += [invalid_job(f"{side}: {each} has no name in the function") for each in left]
        if found:
            return found
        if find_spec("cloudquery") is None or find_spec("pyarrow") is None:
            return [invalid_job("functions need Arrow: pip install 'datakit-iac[cloudquery]'")]
        return [*map(invalid_job, stores.faults(job.inputs, job.outputs, _mode(job)))]

    def definition(self, job: Job) -> str:
        """A digest of what the function's modules do, of how it is called, and of where it reads and writes.

        Comments, docstrings and the layout of the modules leave it as it is.
        """
        base = _base(job)
        document = {
            "function": job.settings["function"],
            "modules": {_below(file, base): code.canonical(text) for file, text in code.modules(_module(job)).items()},
            "parameters": {name: _place(each) for name, each in _named(_parameters(job), job.inputs).items()},
            "returns": {name: _place(each) for name, each in _named(_returns(job), job.outputs).items()},
            "writeMode": _mode(job),
        }
        return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()

    def given(self, job: Job) -> Mapping[str, str]:
        """The digest of each module that the function is made of.

        Raises:
            ValueError: one cannot be read.
        """
        return {file.as_posix(): _digest(text) for file, text in code.modules(_module(job)).items()}

    def render(self, job: Job) -> Workload:
        """The modules, and what is read, called and written.

        Raises:
            JobFailedError: the job cannot be run.
        """
        if faults := self.check(job):
            first, *others = map(str, faults)
            raise JobFailedError(first, tuple(others))
        base, secrets = _base(job), dict[str, Secret]()
        files = {f"{_CODE}/{_below(file, base)}": text for file, text in code.modules(_module(job)).items()}
        document = _document(job, base)
        return Workload(
            [sys.executable, "-P", "-m", _PROGRAM, f"{FOLDER}/{_JOB}"],
            env=dict(_FRUGAL),
            secret_env=secrets,
            files={**files, _JOB: json.dumps(_without_secrets(document, secrets), indent=1)},
            needs={"shares_filesystem": "a function runs by the Python of this installation"},
            inherits=stores.variables(job.inputs, job.outputs),
        )

    @contextlib.contextmanager
    def prepared(self, job: Job, workload: Workload, context: RunContext) -> Iterator[Workload]:
        """The workload, once it is certain that its modules are those that were approved, and defined the job.

        Raises:
            JobFailedError: they are others.
        """
        base = _base(job)
        modules = {
            (base / name.removeprefix(f"{_CODE}/")).as_posix(): _digest(text)
            for name, text in workload.files.items()
            if name != _JOB
        }
        if job.given and given_digest(modules) != job.given:
            raise JobFailedError(
                f"modules of {_module(job)} are not those that were approved; nothing was run",
                ("run the update again: it will say what has changed",),
                is_final=True,
            )
        context.confirm()
        yield workload

    def interpret(self, job: Job, lines: Lines, progress: Callable[[str], None]) -> RunResult:
        """What the function wrote; all of it is committed together, or nothing is changed.

        Raises:
            JobFailedError: it failed; the tables are as they were.
        """
        output = Output({str(each.place): each.name for each in job.outputs}, progress)
        try:
            for line in lines:
                output.take(line)
        except TimeoutError as fault:
            text = f"the function did not end within {job.timeout:g} s; the tables are as they were"
            raise JobFailedError(text) from fault
        return output.outcome(lines.exit_code)


def _module(job: Job) -> Path:
    return Path(str(job.settings.get("module") or ""))


def _base(job: Job) -> Path:
    """The folder that the paths of modules count from, in the project as in the workload."""
    return search_path(_module(job))[-1]


def _below(file: Path, base: Path) -> str:
    return Path(os.path.relpath(file, base)).as_posix()


def _parameters(job: Job) -> Mapping[str, str]:
    return job.settings.get("parameters") or {}


def _returns(job: Job) -> Mapping[str, str]:
    return job.settings.get("returns") or {}


def _mode(job: Job) -> str:
    return str(job.settings.get("writeMode") or DELETE_STALE)


def _by_name(datasets: tuple[BoundDataSet, ...]) -> dict[str, BoundDataSet]:
    return {each.name: each for each in datasets}


def _named(names: Mapping[str, str], datasets: tuple[BoundDataSet, ...]) -> dict[str, BoundDataSet]:
    found = _by_name(datasets)
    return {key: found[each] for key, each in names.items()}


def _unknown(side: str, said: Mapping[str, str], known: Mapping[str, BoundDataSet]) -> list[Fault]:
    there = ", ".join(known) or "none"
    return [
        invalid_job(f"{name!r} is not a DataSet of this Transform; expected one of {there}", side, key)
        for key, name in said.items()
        if name not in known
    ]


def _place(dataset: BoundDataSet) -> list[Any]:
    columns = [[each.name, str(each.type), each.required, each.primary_key] for each in dataset.columns]
    return [address(dataset), dataset.place.format, dict(dataset.reader), list(dataset.partition_by), columns]


def _document(job: Job, base: Path) -> dict[str, Any]:
    """What the process is given, with its secrets."""
    outputs = list(_named(_returns(job), job.outputs).items())
    sync = stores.writing([each for _, each in outputs], _mode(job), job.transform, job.identity)
    target = stores.writer(outputs[0][1].connection.technology)
    assert target is not None, "checked before"
    return {
        "transform": job.transform,
        "code": _CODE,
        "base": base.as_posix(),
        "module": _below(_module(job), base),
        "function": job.settings["function"],
        "writeMode": _mode(job),
        "inputs": [_input(name, each) for name, each in _named(_parameters(job), job.inputs).items()],
        "outputs": [
            {"key": key, "dataset": each.name, "table": str(each.place), "columns": declared(each)}
            for key, each in outputs
        ],
        "destination": {"opens": stores.opens(target), "spec": target.spec(sync)},
    }


def _input(parameter: str, dataset: BoundDataSet) -> dict[str, Any]:
    source = stores.reader(dataset.connection.technology)
    assert source is not None, "checked before"
    spec = source.spec(stores.reading(dataset, parameter))
    return {"parameter": parameter, "dataset": dataset.name, "opens": stores.opens(source), "spec": spec}


def _without_secrets(value: Any, secrets: dict[str, Secret]) -> Any:
    """A value with the variable's name in the place of each secret."""
    if isinstance(value, Secret):
        name = f"DATAKIT_VALUE_{len(secrets)}"
        secrets[name] = value
        return {"$variable": name}
    if isinstance(value, Mapping):
        return {name: _without_secrets(each, secrets) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_secrets(each, secrets) for each in value]
    return value


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
