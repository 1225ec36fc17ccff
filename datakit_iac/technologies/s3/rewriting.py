"""Rewriting the objects of a prefix for a change of its contract: as a load does, so that all are switched or none.

Each object is read as it was written, and its rows are written again as the contract has them, as those of the same
Transform and Run; undeclared columns stay. Objects that have all new names already are of an attempt that
ended after its switch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

import duckdb

from datakit_iac.cloudquery_plugins import wire
from datakit_iac.cloudquery_plugins.adapters import Pair, Sync
from datakit_iac.cloudquery_plugins.columns import DeclaredColumn
from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.cloudquery_plugins.types import to_arrow
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.values.write_mode import APPEND
from datakit_iac.technologies.duckdb import narrowing
from datakit_iac.technologies.evolution import Change
from datakit_iac.technologies.s3.carrying import in_clear
from datakit_iac.technologies.s3.cloudquery.adapter import S3DestinationAdapter
from datakit_iac.technologies.s3.cloudquery.load import Load
from datakit_iac.technologies.s3.cloudquery.reading import columns_in
from datakit_iac.technologies.s3.cloudquery.spec import LoadSpec
from datakit_iac.technologies.s3.cloudquery.target import Target
from datakit_iac.technologies.s3.layouts import FORMATS, columns_of, is_checked
from datakit_iac.technologies.s3.objects import Found
from datakit_iac.technologies.sql.names import quoted
from datakit_iac.technologies.technology import StoreError


def rewrite(dataset: BoundDataSet, changes: Sequence[Change]) -> list[str]:
    """Write all objects of a prefix again, and switch to them; what was lost, in words.

    Args:
        dataset: the contract.
        changes: what it changes of the columns that the objects have.

    Raises:
        StoreError: a value does not fit and may not be lost, a required one is missing, or the Store refuses; nothing
            was changed.
    """
    if not dataset.columns:
        raise StoreError(f"{dataset.place}: objects are written again by their columns; declare them in `schema`")
    try:
        load = _Rewriting(dataset, changes)
        try:
            lost = load.write()
            load.commit()
        finally:
            load.abandon()
    except (PluginFault, duckdb.Error) as fault:
        raise StoreError(str(fault)) from fault
    return lost


class _Rewriting(Load):
    """A load of what is there already."""

    def __init__(self, dataset: BoundDataSet, changes: Sequence[Change]) -> None:
        sync = Sync((Pair(dataset, dataset),), APPEND)
        super().__init__(LoadSpec.parse(in_clear(S3DestinationAdapter().spec(sync))), lambda _: None)
        self._dataset, self._changes = dataset, changes
        self._renamed = {each.column: each.before.name for each in changes if each.kind == "rename" and each.before}
        self._dropped = [each.column for each in changes if each.kind == "drop"]
        self._narrow = {each.column: each for each in changes if each.kind == "narrow"}
        self._required = [each.column for each in changes if each.kind == "require" and is_checked(dataset)]
        self._misfits, self._empty = Counter[str](), Counter[str]()

    def write(self) -> list[str]:
        """Write the rows of each object again, not visible yet; what is lost."""
        fields = [wire.field(each.name, to_arrow(each.type)) for each in self._dataset.columns]
        self.migrate(wire.encode_schema(wire.table_schema(str(self._dataset.place), fields)), force=False)
        (target,) = self._targets.values()
        target.kept = target.basis.objects or ()
        self._demand_there(target)
        again, target.kept = target.kept, ()
        for written in again:
            rows = self._converted(target, target.there[written.key])
            self._send(target, rows, written.source, written.run, written.time)
        refused = [
            f"{self._narrow[name]}, and {count:,} of its values do not fit. Keep a type that holds them, correct them,"
            f" or empty them: `misfits: null` in the consent for column/{name}"
            for name, count in self._misfits.items()
            if count and not self._narrow[name].loses_misfits
        ]
        refused += [
            f"{count:,} rows have no value in {name}; fill them, or leave the column nullable"
            for name, count in self._empty.items()
            if count
        ]
        if refused:
            raise StoreError(f"{self._dataset.place}: {'; '.join(refused)}")
        types = {column.name: column.type for column in self._dataset.columns}
        lost = ((name, count) for name, count in self._misfits.items() if count)
        return [f"{count:,} values of {name} did not fit {types[name]}: now empty" for name, count in lost]

    def _converted(self, target: Target, found: Found) -> str:
        """The rows of an object as the contract has them; the name of their scratch table."""
        ending = found.key.rpartition(".")[2]
        file = self._folder / f"rewritten.{ending}"
        self._objects.fetch(found, file)
        table = replace(target.output.table, format=next(form for form, each in FORMATS.items() if each == ending))
        there = columns_in(table, file)
        columns = [_free(each) for each in target.output.columns]
        renamed = self._names({name.lower() for name in there}, self._objects.shown(found.key))
        kept = {each.name.lower() for each in columns} | {name.lower() for name in (*renamed.values(), *self._dropped)}
        columns += [DeclaredColumn(name, kind) for name, kind in there.items() if name.lower() not in kept]
        former, values = list[DeclaredColumn](), dict[str, str]()
        for column in columns:
            name = renamed.get(column.name, column.name)
            before = self._narrow[column.name].before if column.name in self._narrow else None
            former.append(replace(column, name=name, type=before.type if before else column.type))
            values[column.name] = narrowing.fitting(quoted(name), before.type, column.type) if before else quoted(name)
        absent = {*target.basis.columns, *columns_of(target.basis, self._dataset, self._changes)}
        read = self._scratch.read(replace(table, columns=tuple(former)), former, [file], absent)
        file.unlink()
        counts = {each.name: self._number(read, old.name) for each, old in zip(columns, former, strict=True)}
        rows = self._scratch.converted(read, columns, values)
        for name in self._narrow:
            self._misfits[name] += counts[name] - self._number(rows, name)
        for name in self._required:
            self._empty[name] += self._scratch.number(f"SELECT count(*) FROM {rows} WHERE {quoted(name)} IS NULL")
        target.columns = tuple(columns)
        return rows

    def _names(self, there: AbstractSet[str], shown: str) -> Mapping[str, str]:
        """What columns were called, where an object has those names: one that was written again has all declared ones.

        Raises:
            StoreError: it has both.
        """
        declared = {column.name.lower() for column in self._dataset.columns}
        if not declared <= there:
            return self._renamed
        if both := [f"{old} and {new}" for new, old in self._renamed.items() if old.lower() in there - declared]:
            raise StoreError(f"{shown} has columns {', '.join(both)}; rename to what is not there yet")
        return {}

    def _number(self, rows: str, column: str) -> int:
        """How many values a column has."""
        return self._scratch.number(f"SELECT count({quoted(column)}) FROM {rows}")


def _free(column: DeclaredColumn) -> DeclaredColumn:
    """A column that may be empty: what its contract requires, a Run may be about to fill."""
    return replace(column, required=False, key=False)
