"""Which plugin serves which technology, and what its spec says.

To add a technology, add one line to `SOURCES` or `DESTINATIONS`.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.runtimes.cloudquery.settings import Pair, Settings
from datakit_iac.technologies.files import csv_options, limits, listing
from datakit_iac.technologies.files.paths import resolve
from datakit_iac.technologies.technology import technology

_READING: Final = frozenset(csv_options.OPTIONS)
"""Options of files that decide how values are read."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """A CloudQuery plugin for one technology.

    Attributes:
        executable: the program, found beside the running Python or on PATH.
        spec: makes the plugin's own spec; secrets stay `Secret` objects in it.
        reading: the options of a connection that decide how values are read.
        missing: what the DataSets lack on this machine, each one sentence.
    """

    executable: str
    spec: Callable[[Settings], Mapping[str, Any]]
    reading: frozenset[str] = frozenset()
    missing: Callable[[BoundDataSet], Sequence[str]] = lambda _: ()

    def path(self) -> str | None:
        """Where the program is; None where there is none."""
        beside = Path(sys.executable).with_name(self.executable)
        return str(beside) if beside.is_file() else shutil.which(self.executable)


def _files(settings: Settings) -> Mapping[str, Any]:
    refused = settings.quarantine
    more = {"quarantine": {"table": str(refused.target.place), "max": refused.max}} if refused else {}
    return {"tables": [_files_table(pair) | more for pair in settings.pairs]}


def _files_table(pair: Pair) -> dict[str, Any]:
    options, place = pair.source.options, pair.source.place
    folder = resolve(str(options["path"]))
    table: dict[str, Any] = {"name": str(pair.target.place), "folder": str(folder), "path": str(place)}
    if place.format:
        table["format"] = place.format
    table |= {name: options[name] for name in sorted(_READING | limits.OPTIONS) if options.get(name) is not None}
    table["columns"] = [
        {"name": column.name, "type": str(column.type), "required": column.required, "key": column.primary_key}
        for column in pair.target.columns
    ]
    return table


def _missing_files(dataset: BoundDataSet) -> Sequence[str]:
    try:
        folder = resolve(str(dataset.connection.options["path"]))
        if listing.files(folder, str(dataset.place)):
            return []
        path = listing.below(folder, str(dataset.place))
    except (OSError, listing.ListingError) as fault:
        return [f"{dataset.name}: {fault}"]
    none = f"the folder {path} holds no file" if path.is_dir() else f"there is no file {path}"
    return [f"{dataset.name}: {none}; mend the prefix of the DataSet or the path of its Store"]


def _duckdb(settings: Settings) -> Mapping[str, Any]:
    from datakit_iac.technologies.duckdb.checks import queries  # late: it imports the driver

    options = settings.pairs[0].target.connection.options
    return {
        "path": str(Path(options["path"]).expanduser().absolute()),
        "write_mode": settings.write_mode,
        "source": settings.transform,
        "run": settings.run,
        "outputs": {
            str(target.place): {
                "dataset": target.name,
                "writers": target.writers,
                "tests": [list(each) for each in queries(target)],
                "quarantine": target not in [pair.target for pair in settings.pairs],
            }
            for target in settings.targets
        },
    }


SOURCES: Final[Mapping[str, Plugin]] = {
    "files": Plugin("datakit-source-files", _files, _READING, _missing_files),
}
"""By technology of the inputs."""

DESTINATIONS: Final[Mapping[str, Plugin]] = {
    "duckdb": Plugin("datakit-destination-duckdb", _duckdb),
}
"""By technology of the outputs."""


def choose(settings: Settings) -> tuple[tuple[Plugin, Plugin] | None, list[str]]:
    """The plugins of both sides, or what stands against it."""
    faults: list[str] = []
    source = _one("read from", "input", [pair.source for pair in settings.pairs], SOURCES, faults)
    target = _one("write to", "output", settings.targets, DESTINATIONS, faults)
    targets = [each for each in settings.targets if each.connection.technology in DESTINATIONS]
    stores = {each.store: each.connection for each in targets}
    if len(stores) > 1 and len({_location(each) for each in stores.values()}) > 1:
        faults.append(f"its outputs lie in several Stores ({', '.join(stores)}); make one Transform for each")
    return (source, target) if source and target and not faults else None, faults


def _one(
    verb: str, side: str, datasets: Sequence[BoundDataSet], plugins: Mapping[str, Plugin], faults: list[str]
) -> Plugin | None:
    found = {dataset.connection.technology: dataset for dataset in datasets}
    for kind, dataset in found.items():
        if kind not in plugins:
            known = ", ".join(plugins)
            faults.append(f"CloudQuery cannot {verb} {kind} ({side} {dataset.name}); there are plugins for {known}")
    if len(found) > 1:
        faults.append(f"its {side}s are of several technologies ({', '.join(found)}); make one Transform for each")
    plugin = plugins.get(next(iter(found), ""))
    if plugin and plugin.path() is None:
        faults.append(f"the plugin {plugin.executable} is not installed; install datakit-iac[cloudquery]")
    return plugin


def _location(connection: Connection) -> str:
    return technology(connection.technology).location(connection)
