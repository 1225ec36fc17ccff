"""Rewriting the objects of a prefix for a change of its contract: as a load does, so that all are switched or none.

Each object is read as it was written, and its rows are written again as the contract has them, as those of the same
Transform and Run. Objects that have the new names already are of an attempt that ended after its switch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
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
from datakit_iac.technologies.s3.cloudquery.scratch import columns_of
from datakit_iac.technologies.s3.cloudquery.spec import LoadSpec
from datakit_iac.technologies.s3.layouts import FORMATS, is_checked
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
        self._dataset = dataset
        self._renamed = {each.column: each.before.name for each in changes if each.kind == "rename" and each.before}
        self._narrow = {each.column: each for each in changes if each.kind == "narrow"}
        self._required = [each.column for each in changes if each.kind == "require" and is_checked(dataset)]
        self._misfits, self._empty = Counter[str](), Counter[str]()

    def write(self) -> list[str]:
        """Write the rows of each object again, which nobody sees yet; what is lost."""
        fields = [wire.field(each.name, to_arrow(each.type)) for each in self._dataset.columns]
        self.migrate(wire.encode_schema(wire.table_schema(str(self._dataset.place), fields)), force=False)
        (target,) = self._targets.values()
        target.kept = target.basis.objects or ()
        self._demand_there(target)
        again, target.kept = target.kept, ()
        for written in again:
            rows = self._converted(target.there[written.key])
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

    def _converted(self, found: Found) -> str:
        """The rows of an object as the contract has them; the name of their scratch table."""
        ending = found.key.rpartition(".")[2]
        file = self._folder / f"rewritten.{ending}"
        self._objects.fetch(found, file)
        output = self._spec.outputs[str(self._dataset.place)]
        table = replace(output.table, format=next(form for form, each in FORMATS.items() if each == ending))
        columns = [_free(each) for each in output.columns]
        there = {name.lower() for name in columns_of(table, file)}
        is_renamed = not {name.lower() for name in self._renamed.values()} <= there
        values: dict[str, str] = {}
        former = []
        for column in columns:
            name = column.name if is_renamed else self._renamed.get(column.name, column.name)
            before = self._narrow[column.name].before if column.name in self._narrow else None
            former.append(replace(column, name=name, type=before.type if before else column.type))
            values[column.name] = narrowing.fitting(quoted(name), before.type, column.type) if before else quoted(name)
        read = self._scratch.read(replace(table, columns=tuple(former)), former, [file])
        file.unlink()
        counts = {each.name: self._number(read, old.name) for each, old in zip(columns, former, strict=True)}
        rows = self._scratch.converted(read, columns, values)
        for name in self._narrow:
            self._misfits[name] += counts[name] - self._number(rows, name)
        for name in self._required:
            self._empty[name] += self._scratch.number(f"SELECT count(*) FROM {rows} WHERE {quoted(name)} IS NULL")
        return rows

    def _number(self, rows: str, column: str) -> int:
        """How many values a column has."""
        return self._scratch.number(f"SELECT count({quoted(column)}) FROM {rows}")


def _free(column: DeclaredColumn) -> DeclaredColumn:
    """A column that may be empty: what its contract requires, a Run may be about to fill."""
    return replace(column, required=False, key=False)
