"""A prefix that a load writes to: its columns, and which of the objects that are there stay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa

from datakit_iac.cloudquery_plugins import wire
from datakit_iac.cloudquery_plugins.columns import DeclaredColumn
from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.cloudquery_plugins.types import from_arrow
from datakit_iac.manifest.values.write_mode import APPEND
from datakit_iac.technologies.s3 import snapshot
from datakit_iac.technologies.s3.cloudquery.spec import LoadSpec, OutputSpec
from datakit_iac.technologies.s3.layouts import is_of_a_load
from datakit_iac.technologies.s3.objects import Found, Objects
from datakit_iac.technologies.s3.snapshot import Snapshot, Written

_BOOKKEEPING: Final = (wire.SYNC_TIME, wire.SOURCE_NAME)
"""What CloudQuery adds: who wrote an object is in the snapshot."""


@dataclass
class Target:
    """A prefix that rows go to.

    Attributes:
        prefix: as the source spells it.
        output: what it is for.
        columns: those of the contract, then what else is sent.
        basis: the snapshot when the load began.
        there: the objects that it named and that are there.
        left: objects of loads that did not end, as they were before this one.
        rows: the scratch table.
        replaces: whether stale rows go.
        kept: the objects that stay.
        written: the new ones.
    """

    prefix: str
    output: OutputSpec
    columns: tuple[DeclaredColumn, ...]
    basis: Snapshot
    there: dict[str, Found]
    left: list[str]
    rows: str
    replaces: bool = False
    kept: tuple[Written, ...] = ()
    written: list[Written] = field(default_factory=list)
    count: int = 0

    @property
    def key(self) -> list[str]:
        """The columns of the primary key."""
        return [each.name for each in self.columns if each.key]


def columns_of(output: OutputSpec, table: pa.Schema) -> Iterator[DeclaredColumn]:
    """Those of the contract, then what else is sent.

    Raises:
        PluginFault: a required column is not sent, or one has a type that no table has.
    """
    sent = {each.name.lower(): each for each in table if each.name not in _BOOKKEEPING}
    keys = wire.primary_key(table)
    for column in output.columns:
        if sent.pop(column.name.lower(), None) is None and (column.required or column.key):
            raise PluginFault(f"{output.dataset}: the source sends no column {column.name}, which is required")
        yield column
    for each in sent.values():
        try:
            kind = from_arrow(each.type)
        except ValueError as fault:
            raise PluginFault(f"{output.dataset}.{each.name}: {fault}") from fault
        yield DeclaredColumn(each.name, kind, not each.nullable, not output.columns and each.name in keys)


def refuse_others(objects: Objects, prefix: str, found: Snapshot, listed: Iterable[str]) -> None:
    """Objects that no load of ours wrote would be neither read nor removed; those of other DataSets are theirs.

    Raises:
        PluginFault: there are some.
    """
    if others := snapshot.overlapping(objects, prefix):
        raise PluginFault(
            f"{objects.shown(prefix)} and {objects.shown(others[0])} are DataSets one within the other;"
            " give one of them another prefix"
        )
    named = {each.key for each in found.objects or ()}
    below = snapshot.folder(prefix)
    foreign = [
        key
        for key in listed
        if key not in named
        and not is_of_a_load(key)
        and not any(part.startswith(".") for part in key.removeprefix(below).split("/"))
        and not key.endswith("/")
    ]
    if foreign:
        raise PluginFault(
            f"{len(foreign):,} objects of {objects.shown(prefix)} were not written by datakit, the first:"
            f" {objects.shown(foreign[0])}; move them elsewhere, or give the DataSet another prefix"
        )


def staying(target: Target, spec: LoadSpec, notes: list[str]) -> Iterator[Written]:
    """The objects of earlier loads whose rows stay, all or some of them; notes take which of other sources do."""
    writers, others = target.output.writers, dict[str, int]()
    for each in target.basis.objects or ():
        is_own = each.source == spec.source
        is_former = writers is not None and each.source not in (spec.source, *writers)
        if target.replaces:
            if is_own or is_former:
                continue
            others[each.source] = others.get(each.source, 0) + 1
        elif spec.write_mode == APPEND and (is_own or is_former) and each.run == spec.run != "":
            continue  # of an attempt whose end was not recorded
        yield each
    notes += [
        f"{target.prefix}: {number:,} objects of the source {name!r} were kept" for name, number in others.items()
    ]
