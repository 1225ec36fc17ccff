"""The spec of the CloudQuery source of files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from datakit_iac.cloudquery_plugins.adapters import Pair, Sync
from datakit_iac.cloudquery_plugins.columns import declared
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.technologies.files import csv_options, limits, listing
from datakit_iac.technologies.files.paths import resolve


class FilesAdapter:
    """Files as a source of rows."""

    executable = "datakit-source-files"
    reading = frozenset(csv_options.OPTIONS)

    def spec(self, sync: Sync) -> Mapping[str, Any]:
        """A table for each pair."""
        refused = sync.quarantine
        more = {"quarantine": {"table": str(refused.target.place), "max": refused.max}} if refused else {}
        return {"tables": [_table(pair) | more for pair in sync.pairs]}

    def missing(self, dataset: BoundDataSet) -> Sequence[str]:
        """A place that holds no file, or cannot be listed."""
        try:
            folder = resolve(str(dataset.connection.options["path"]))
            if listing.files(folder, str(dataset.place)):
                return []
            path = listing.below(folder, str(dataset.place))
        except (OSError, listing.ListingError) as fault:
            return [f"{dataset.name}: {fault}"]
        none = f"the folder {path} holds no file" if path.is_dir() else f"there is no file {path}"
        return [f"{dataset.name}: {none}; fix the prefix of the DataSet or the path of its Store"]


def _table(pair: Pair) -> dict[str, Any]:
    options, place = pair.source.options, pair.source.place
    folder = resolve(str(options["path"]))
    table: dict[str, Any] = {"name": str(pair.target.place), "folder": str(folder), "path": str(place)}
    if place.format:
        table["format"] = place.format
    said = sorted(FilesAdapter.reading | limits.OPTIONS)
    table |= {name: options[name] for name in said if options.get(name) is not None}
    return table | {"columns": declared(pair.target)}
