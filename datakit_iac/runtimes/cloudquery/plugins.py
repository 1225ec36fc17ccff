"""Which plugins serve a job: those of the adapters that are installed for its technologies."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from datakit_iac import installed
from datakit_iac.cloudquery_plugins.adapters import DESTINATIONS, SOURCES, Destination, Refuses, Source, Sync
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.technologies.technology import address, technology


def path(plugin: Source | Destination) -> str | None:
    """The path of a plugin's program; None where it is not installed."""
    beside = Path(sys.executable).with_name(plugin.executable)
    return str(beside) if beside.is_file() else shutil.which(plugin.executable)


def source(technology: str) -> Source | None:
    """The source plugin of a technology; None where it has none."""
    found: Source | None = _adapter(SOURCES, technology)
    return found


def choose(asked: Sync) -> tuple[tuple[Source, Destination] | None, list[str]]:
    """The plugins of both sides, or why they cannot be used."""
    faults: list[str] = []
    source = _one("read from", "input", [pair.source for pair in asked.pairs], SOURCES, faults)
    target = _one("write to", "output", asked.targets, DESTINATIONS, faults)
    if isinstance(target, Refuses):
        faults += target.faults(asked)
    stores = {
        each.store: each.connection for each in asked.targets if _adapter(DESTINATIONS, each.connection.technology)
    }
    if len(stores) > 1 and len({technology(each.technology).location(each) for each in stores.values()}) > 1:
        faults.append(f"its outputs are in several Stores ({', '.join(stores)}); make one Transform for each")
    elif target and not faults:
        faults += _misplaced(asked.targets)
    return (source, target) if source and target and not faults else None, faults


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
