"""One load into prefixes of a bucket: not visible before its end, and then as a whole."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from datakit_iac.cloudquery_plugins import wire
from datakit_iac.cloudquery_plugins.events import Event, emit
from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.manifest.values.write_mode import APPEND, DELETE_STALE, OVERWRITE
from datakit_iac.technologies.files.cloudquery.spec import TableSpec
from datakit_iac.technologies.s3 import listing, snapshot
from datakit_iac.technologies.s3.cloudquery.scratch import Scratch
from datakit_iac.technologies.s3.cloudquery.spec import LoadSpec, OutputSpec
from datakit_iac.technologies.s3.cloudquery.switching import clean, switch
from datakit_iac.technologies.s3.cloudquery.target import Target, columns_of, refuse_others, staying
from datakit_iac.technologies.s3.layouts import FORMATS, is_of_a_load
from datakit_iac.technologies.s3.objects import Objects, in_parallel
from datakit_iac.technologies.s3.snapshot import Snapshot, Written
from datakit_iac.technologies.technology import StoreError


class Load:
    """A transaction that begins with the first message and ends with `commit` or `abandon`.

    Args:
        spec: where rows go.
        tell: takes what happens.

    Raises:
        PluginFault: the Store cannot be reached.
    """

    def __init__(self, spec: LoadSpec, tell: Callable[[Event], None] = emit) -> None:
        self._spec, self._tell = spec, tell
        self._id = secrets.token_hex(8)
        self._temporary = TemporaryDirectory(prefix="datakit-s3-", ignore_cleanup_errors=True)
        self._folder = Path(self._temporary.name)
        self._targets: dict[str, Target] = {}
        self._sent: list[str] = []
        self._notes: list[str] = []
        try:
            self._objects = Objects(spec.store, spec.secrets)
        except StoreError as fault:
            self._temporary.cleanup()
            raise PluginFault(str(fault)) from fault
        self._scratch = Scratch(self._folder, spec.threads)

    def migrate(self, schema: bytes, *, force: bool) -> None:
        """Look at what is there, and take rows of these columns from now on.

        Raises:
            PluginFault: a required column is not sent, or objects of others are in the way.
        """
        table = wire.decode_schema(schema)
        prefix = wire.table_name(table)
        output = self._spec.outputs.get(prefix) or OutputSpec(prefix, TableSpec(prefix, prefix, "parquet"))
        columns = tuple(columns_of(output, table))
        if self._spec.write_mode == OVERWRITE and not (output.quarantine or any(each.key for each in columns)):
            raise PluginFault(
                f"{output.dataset} has no primary key, so overwrite cannot tell which rows to replace: declare one, or"
                " write by overwrite-delete-stale or append"
            )
        with _faults():
            found = snapshot.read(self._objects, prefix) or Snapshot()
            listed = {each.key: each for each in self._objects.list(snapshot.folder(prefix))}
            refuse_others(self._objects, prefix, found, listed)
        named = {each.key for each in found.objects or ()}
        there = {key: each for key, each in listed.items() if key in named}
        left = [key for key in listed if key not in named and is_of_a_load(key)]
        made = self._scratch.make(columns)
        is_new_each_time = output.quarantine and self._spec.write_mode == OVERWRITE
        self._targets[prefix] = Target(prefix, output, columns, found, there, left, made, is_new_each_time)

    def insert(self, record: bytes) -> None:
        """Take a batch."""
        for batch in wire.decode_batches(record):
            target = self._target(wire.table_name(batch.schema))
            try:
                self._scratch.insert(target.rows, batch, target.columns)
            except PluginFault as fault:
                raise PluginFault(f"{target.output.dataset}: {fault}") from fault
            target.count += batch.num_rows
            self._tell(Event("progress", f"{target.prefix} {target.count:,} rows", target.prefix, target.count))

    def delete_stale(self, table: str, source: str, sync_time: datetime) -> None:
        """Have what this source wrote in earlier syncs go with the switch."""
        self._target(table).replaces = True

    def idle(self) -> None:
        """Nothing is put off."""

    def finish(self) -> None:
        """Write all objects; they are not visible yet.

        Raises:
            PluginFault: rows share a primary key, cannot be written, or stale rows of only some tables were to go.
        """
        if self._spec.write_mode == DELETE_STALE:
            rest = sorted(name for name, each in self._targets.items() if not each.replaces)
            if rest and len(rest) < len(self._targets):
                raise PluginFault(f"the sync ended before the stale rows of {', '.join(rest)} were to go")
        for target in self._targets.values():
            self._refuse_repeated(target)
            with _faults():
                self._write(target)

    def commit(self) -> None:
        """Switch each prefix to its new objects, remove those that no snapshot names, and tell what came.

        Raises:
            PluginFault: another load was switched meanwhile; this one leaves nothing.
        """
        for target in self._targets.values():
            # Where the answer to a switch is lost, it may have been done: what it names must stay.
            ours = {each.key for each in target.written}
            self._sent = [key for key in self._sent if key not in ours]
            with _faults():
                if not switch(self._objects, target, self._id):
                    self._sent += ours
                    raise StoreError(
                        f"{self._objects.shown(target.prefix)} was loaded or removed by somebody else meanwhile; this"
                        " load changed nothing: run it again"
                    )
        for target in self._targets.values():
            self._notes += clean(self._objects, target)
        self._end()
        for note in self._notes:
            self._tell(Event("note", note))
        for target in self._targets.values():
            self._tell(Event("result", f"{target.prefix} {target.count:,} rows", target.prefix, target.count))

    def abandon(self) -> None:
        """Remove what was written; what cannot be removed, the next load removes."""
        try:
            with suppress(StoreError):
                self._objects.delete(self._sent)
        finally:
            self._end()

    def _end(self) -> None:
        self._scratch.close()
        self._temporary.cleanup()

    def _target(self, table: str) -> Target:
        if table not in self._targets:
            raise PluginFault(f"rows came for {table!r} before its columns; expected a migration first")
        return self._targets[table]

    def _refuse_repeated(self, target: Target) -> None:
        if target.key and (found := self._scratch.repeated(target.rows, target.key)):
            shown = ", ".join(f"{name}={value}" for name, value in zip(target.key, found, strict=False))
            raise PluginFault(
                f"{target.output.dataset}: the source sends {found[-1]} rows with the primary key {shown};"
                " fix the source, or declare a key that tells them apart"
            )

    def _write(self, target: Target) -> None:
        target.kept = tuple(staying(target, self._spec, self._notes))
        self._demand_there(target)
        if target.key and target.kept:
            self._merge(target)
        if target.count:
            self._send(target, target.rows, self._spec.source, self._spec.run, int(time.time()))

    def _demand_there(self, target: Target) -> None:
        """Objects that stay must be there; those whose time is over are forgotten."""
        lost = [
            each for each in target.kept if each.key not in target.there or target.there[each.key].etag != each.etag
        ]
        listing.demand_expired(self._objects, target.prefix, lost, target.output.retention)
        target.kept = tuple(each for each in target.kept if each not in lost)

    def _merge(self, target: Target) -> None:
        """Let new rows take the place of those that have their keys; an object of which none does stays as it is.

        Raises:
            PluginFault: it is not to overwrite, and keys are there already.
        """
        folder = self._folder / f"kept-{len(list(self._folder.iterdir()))}"
        folder.mkdir()
        kept = []
        for number, each in enumerate(target.kept):
            file = folder / f"{number:06}.{FORMATS[target.output.format]}"
            self._objects.fetch(target.there[each.key], file)
            known = frozenset(target.basis.columns)
            before = self._scratch.read(target.output.table, target.columns, [file], known)
            file.unlink()
            again = self._scratch.shared(before, target.rows, target.key)
            if again and self._spec.write_mode == APPEND:
                raise PluginFault(
                    f"{target.output.dataset}: {again:,} rows have a primary key that is there already, and writing is"
                    " append; fix the source, or overwrite"
                )
            if again:
                self._scratch.without(before, target.rows, target.key)
                self._send(target, before, each.source, each.run, each.time)
            else:
                kept.append(each)
        target.kept = tuple(kept)

    def _send(self, target: Target, rows: str, source: str, run: str, when: int) -> None:
        """Write the rows of a scratch table as objects."""
        base = snapshot.folder(target.prefix)
        files = self._scratch.written(rows, target.output, target.columns)
        ending = FORMATS[target.output.format]
        named = [
            (f"{base}{inside}{self._id}-{number:05}.{ending}", file)
            for number, (inside, file) in enumerate(files, len(target.written))
        ]
        self._sent += [key for key, _ in named]

        def send(pair: tuple[str, Path]) -> Written:
            key, file = pair
            with file.open("rb") as content:
                self._objects.send(key, content, target.output.tags)
            found = self._objects.head(key)
            if found.size != file.stat().st_size:
                raise StoreError(f"{self._objects.shown(key)} has {found.size} of {file.stat().st_size} bytes")
            file.unlink()
            return Written(key, found.size, found.etag, source, run, when)

        target.written += in_parallel(send, named)


@contextmanager
def _faults() -> Iterator[None]:
    """What a Store refuses, as a fault of the plugin."""
    try:
        yield
    except StoreError as fault:
        raise PluginFault(str(fault)) from fault
