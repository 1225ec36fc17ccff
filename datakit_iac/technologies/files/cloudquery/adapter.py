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
    opens = "datakit_iac.technologies.files.cloudquery:open_source"
    reading = frozenset(csv_options.OPTIONS)

    def spec(self, sync: Sync) -> Mapping[str, Any]:
        """A table for each pair."""
        more = quarantine(sync)
        return {"tables": [{**table(pair), **_folder(pair.source), **more} for pair in sync.pairs]}

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


def table(pair: Pair) -> dict[str, Any]:
    """How the rows of a pair are read, wherever they are."""
    options, place = pair.source.options, pair.source.place
    found: dict[str, Any] = {"name": str(pair.target.place), "path": str(place)}
    if place.format:
        found["format"] = place.format
    said = sorted(FilesAdapter.reading | limits.OPTIONS)
    found |= {name: options[name] for name in said if options.get(name) is not None}
    found["columns"] = declared(pair.target)
    return found


def quarantine(sync: Sync) -> dict[str, Any]:
    """What a table says of records that cannot be loaded; nothing where they fail the Run."""
    refused = sync.quarantine
    return {"quarantine": {"table": str(refused.target.place), "max": refused.max}} if refused else {}


def _folder(source: BoundDataSet) -> dict[str, str]:
    return {"folder": str(resolve(str(source.options["path"])))}
