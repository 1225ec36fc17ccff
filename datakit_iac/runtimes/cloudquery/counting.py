"""Counting what a destination of others wrote, in the Store, against what the CLI passed to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from datakit_iac.cloudquery_plugins.adapters import Sync
from datakit_iac.manifest.values.write_mode import DELETE_STALE
from datakit_iac.runtimes.job import JobFailedError
from datakit_iac.technologies.roles import CountsSyncs, role
from datakit_iac.technologies.technology import StoreError, technology


def counted(sync: Sync, summary: Mapping[str, Any]) -> dict[str, int]:
    """The rows that a sync wrote, by DataSet.

    Args:
        sync: what was asked for.
        summary: what the CLI said of it: `resources` and `sync_time`.

    Raises:
        JobFailedError: they are not those that the source sent, or others were left where all were to be replaced.
    """
    if not {"resources", "sync_time"} <= set(summary):
        raise JobFailedError("CloudQuery ended well and gave no summary, so it is unknown which rows arrived")
    connection = sync.targets[0].connection
    found: dict[str, tuple[int, int]] = {}
    try:
        with technology(connection.technology).open(connection) as session:
            counts = role(session, CountsSyncs, connection.technology)
            for target in sync.targets:
                found[target.name] = counts.synced(target.place, str(summary["sync_time"]))
    except StoreError as fault:
        raise JobFailedError(f"the rows that were written cannot be counted: {fault}") from fault
    written, sent = sum(rows for rows, _ in found.values()), int(summary["resources"])
    if written != sent:
        raise JobFailedError(
            f"the source sent {sent:,} rows, and {written:,} of them are in {', '.join(found)}",
            ("rows with the same primary key replace each other, or the plugin of the destination left some out",),
        )
    left = {name: total - rows for name, (rows, total) in found.items() if total > rows}
    if left and sync.write_mode == DELETE_STALE:
        shown = ", ".join(f"{rows:,} in {name}" for name, rows in left.items())
        raise JobFailedError(
            f"rows of others are left beside those that were written: {shown}",
            ("a plugin of others removes what it wrote itself: remove the rest, or write by overwrite",),
        )
    return {name: rows for name, (rows, _) in found.items()}
