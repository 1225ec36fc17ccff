"""Which plugins serve a job: those that Connectors name, else those of the adapters installed for its technologies."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from datakit_iac import installed
from datakit_iac.cloudquery_plugins.adapters import DESTINATIONS, SOURCES, Destination, Refuses, Source, Sync
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.plugin import NO_PLUGIN, Plugin
from datakit_iac.runtimes.cloudquery.named import Named, NamedDestination, NamedSource, program, refused_names
from datakit_iac.technologies.technology import address, technology


def path(plugin: Source | Destination) -> str | None:
    """The path of a plugin's program; None where it is not installed."""
    beside = Path(sys.executable).with_name(plugin.executable)
    return str(beside) if beside.is_file() else shutil.which(plugin.executable)


def source(technology: str) -> Source | None:
    """The source plugin of a technology; None where it has none."""
    found: Source | None = _adapter(SOURCES, technology)
    return found


class Chosen(NamedTuple):
    """The plugins of both sides: ours, or those that Connectors name."""

    source: Source | NamedSource
    destination: Destination | NamedDestination

    @property
    def named(self) -> tuple[Named, ...]:
        """Those that Connectors name."""
        return tuple(each for each in self if isinstance(each, NamedSource | NamedDestination))


def launched(side: Source | Destination | Named) -> str | None:
    """The program of a plugin that is started here: of ours, and of one that is named by its path; else None."""
    return program(side.plugin) if isinstance(side, NamedSource | NamedDestination) else path(side)


def choose(asked: Sync, said: Mapping[str, Plugin]) -> tuple[Chosen | None, list[str]]:
    """The plugins of both sides, or why they cannot be used.

    Args:
        asked: what is moved.
        said: the plugins that Connectors name, by Store.
    """
    faults: list[str] = []
    source = _source(asked, said, faults)
    target = _target(asked, said, faults)
    if isinstance(target, Refuses):
        faults += target.faults(asked)
    stores = {
        each.store: each.connection for each in asked.targets if _adapter(DESTINATIONS, each.connection.technology)
    }
    if len(stores) > 1 and len({technology(each.technology).location(each) for each in stores.values()}) > 1:
        faults.append(f"its outputs are in several Stores ({', '.join(stores)}); make one Transform for each")
    elif target and not faults:
        faults += _misplaced(asked.targets)
    if isinstance(source, NamedSource) and isinstance(target, NamedDestination) and not faults:
        faults += refused_names(source, asked)
    return Chosen(source, target) if source and target and not faults else None, faults


def _source(asked: Sync, said: Mapping[str, Plugin], faults: list[str]) -> Source | NamedSource | None:
    first = asked.pairs[0].source
    if plugin := said.get(first.store, NO_PLUGIN).source:
        named = NamedSource(plugin, _adapter(SOURCES, first.connection.technology))
        faults += named.faults(asked)
        return named
    if other := next((each.source for each in asked.pairs if said.get(each.source.store, NO_PLUGIN).source), None):
        faults.append(
            f"its inputs are read by several plugins ({first.name}, {other.name}); make one Transform for each"
        )
    found: Source | None = _one("read from", "input", [pair.source for pair in asked.pairs], SOURCES, faults)
    return found


def _target(asked: Sync, said: Mapping[str, Plugin], faults: list[str]) -> Destination | NamedDestination | None:
    first = asked.targets[0]
    if plugin := said.get(first.store, NO_PLUGIN).destination:
        return NamedDestination(plugin, _adapter(DESTINATIONS, first.connection.technology))
    found: Destination | None = _one("write to", "output", asked.targets, DESTINATIONS, faults)
    return found


def _misplaced(targets: Sequence[BoundDataSet]) -> Iterator[str]:
    """Outputs that the connection of the first, by which all are written, would put elsewhere."""
    home = targets[0]
    for each in targets[1:]:
        if technology(home.connection.technology).address(each.place, home.connection) != address(each):
            yield (
                f"the table {each.place} of {each.name} is another one in Store {home.store}, where {home.name} is:"
                " name its schema, or make one Transform for each"
            )


def _one(verb: str, side: str, datasets: Sequence[BoundDataSet], group: str, faults: list[str]) -> Any:
    found = {dataset.connection.technology: dataset for dataset in datasets}
    for kind, dataset in found.items():
        if not installed.has(group, kind):
            known = ", ".join(installed.names(group))
            faults.append(f"CloudQuery cannot {verb} {kind} ({side} {dataset.name}); there are plugins for {known}")
    if len(found) > 1:
        faults.append(f"its {side}s are of several technologies ({', '.join(found)}); make one Transform for each")
    plugin = _adapter(group, next(iter(found), ""))
    if plugin and path(plugin) is None:
        faults.append(f"the plugin {plugin.executable} is not installed; install datakit-iac[cloudquery]")
    return plugin


def _adapter(group: str, technology: str) -> Any:
    return installed.made(group, technology) if installed.has(group, technology) else None
