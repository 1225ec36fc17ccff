"""The DataSets of one bucket."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.technologies.data_version import DataVersion
from datakit_iac.technologies.duckdb.batch_reading import ReadsBatches
from datakit_iac.technologies.evolution import Change
from datakit_iac.technologies.files.listing import is_pattern
from datakit_iac.technologies.ownership import Mark
from datakit_iac.technologies.s3 import bucket, governance, lifecycle, listing, snapshot
from datakit_iac.technologies.s3.layouts import columns_of, is_of_a_load, is_unlike, names_of
from datakit_iac.technologies.s3.objects import Objects, in_parallel
from datakit_iac.technologies.s3.opening import ConflictError, NotImplementedByServiceError
from datakit_iac.technologies.s3.snapshot import Snapshot, Written
from datakit_iac.technologies.technology import StoreError, StoreMissingError, TableState, missing_driver

if TYPE_CHECKING:
    from datakit_iac.technologies.duckdb.batches import Source

_NOTHING: Final = Mark.split("")


class S3Session(ReadsBatches):
    """A bucket in which each prefix is a DataSet; see `Session`."""

    def __init__(self, connection: Connection) -> None:
        hidden = {name: each.reveal() for name, each in connection.secrets.items()}
        self._options = connection.options
        self._objects = Objects(connection.options, hidden)
        self._notes: list[str] = []

    def demand_bucket(self, *, create: bool) -> None:
        """See that the bucket is there, and make it where it should be made.

        Raises:
            StoreMissingError: it is not there.
            StoreError: it cannot be reached, made or listed.
        """
        try:
            next(self._objects.list("", at_most=1), None)
        except StoreMissingError:
            if not create:
                raise
            bucket.make(self._objects, self._options.get("region"))

    def version(self) -> str:
        """S3 tells none."""
        return ""

    def describe(self, place: Place) -> TableState | None:
        """Whether there are objects, and whose; objects keep no schema."""
        prefix = str(place)
        known = None if is_pattern(prefix) else snapshot.read(self._objects, prefix)
        is_listed = known is None or known.objects is None
        is_empty = (
            not (known and known.objects) if not is_listed else _is_nothing(listing.listed(self._objects, prefix))
        )
        if known is None and is_empty:
            return None
        description, mark = known.described if known else _NOTHING
        return TableState((), description, mark, is_empty)

    def count(self, place: Place) -> int:
        """How many objects there are."""
        known = None if is_pattern(str(place)) else snapshot.read(self._objects, str(place))
        if known and known.objects is not None:
            return len(known.objects)
        return sum(1 for _ in listing.listed(self._objects, str(place)))

    def create(self, dataset: BoundDataSet, mark: Mark) -> None:
        """Make the prefix one that carries our mark."""
        if is_pattern(str(dataset.place)):
            raise StoreError(f"{dataset.place} is a pattern of objects; what is made needs a prefix of its own")
        if others := snapshot.overlapping(self._objects, str(dataset.place)):
            raise StoreError(
                f"{dataset.place} and {others[0]} would be DataSets one within the other; give one another prefix"
            )
        self._notes += governance.govern(self._objects, dataset)
        try:
            made = Snapshot(mark.append_to(dataset.description), columns=names_of(dataset))
            snapshot.switch(self._objects, str(dataset.place), made)
        except ConflictError as fault:
            raise StoreError(f"{dataset.place} was made by somebody else meanwhile; try again") from fault

    def alter(self, dataset: BoundDataSet, changes: Sequence[Change], mark: Mark) -> None:
        """Write description and mark again; objects that are not as the contract says are written again before."""
        prefix = str(dataset.place)
        known = snapshot.read(self._objects, prefix)
        written = [each.key.removeprefix(snapshot.folder(prefix)) for each in (known and known.objects) or ()]
        columns = columns_of(known, dataset, changes)
        if written and is_unlike(written, dataset, changes):
            from datakit_iac.technologies.s3.rewriting import rewrite  # late: it imports what loads do

            self._notes += rewrite(dataset, changes)
            columns = names_of(dataset)
        self._notes += governance.govern(self._objects, dataset)
        comment = mark.append_to(dataset.description)
        snapshot.change(self._objects, prefix, lambda known: replace(known, comment=comment, columns=columns))

    def misfits(self, place: Place, change: Change) -> int:
        """None that is known before the objects are read: `alter` counts them."""
        return 0

    def rename(self, place: Place, name: str) -> None:
        """Copy what is at a place beside it, its mark first, and then remove it there."""
        prefix = self._below(place)
        above = prefix.rstrip("/").rpartition("/")[0]
        target = snapshot.folder(f"{above}/{name}" if above else name)
        known, found, _ = listing.content(self._objects, prefix)
        moved = {each.key: f"{target}{each.key[len(prefix) :]}".rstrip("/") for each in found}
        comment = known.comment if known else ""
        if known:
            started = snapshot.switch(self._objects, target, Snapshot(comment, (), columns=known.columns))
        in_parallel(lambda pair: self._objects.copy(*pair), list(moved.items()))
        if known:
            written = known.objects and self._moved(known.objects, moved, target)
            snapshot.switch(self._objects, target, replace(started, objects=written))
        # Others' objects, and a load that is switched by now, are not what was copied: they stay.
        self._remove(prefix, known, list(moved))

    def drop(self, place: Place) -> None:
        """Remove the objects of a prefix; the mark goes last, so that what is left of a try is known for ours."""
        prefix = self._below(place)
        if others := snapshot.overlapping(self._objects, prefix):
            raise StoreError(f"{place} stays: it and DataSet {others[0]} are one within the other")
        known = snapshot.read(self._objects, prefix)
        is_listed = known is None or known.objects is None
        found = listing.listed(self._objects, prefix) if is_listed else self._objects.list(prefix)
        named = {each.key for each in (known and known.objects) or ()}
        self._remove(prefix, known, [each.key for each in found if is_listed or each.key in named])

    def _remove(self, prefix: str, known: Snapshot | None, keys: Sequence[str]) -> None:
        """Remove objects of a prefix, what loads left there that did not end, and its snapshot.

        Raises:
            ConflictError: it has another snapshot by now.
        """
        if known:
            # As if it were loaded: a load that goes on meanwhile is refused.
            snapshot.switch(self._objects, prefix, replace(known, objects=(), load=secrets.token_hex(8)))
        left = [each.key for each in self._objects.list(prefix) if known and is_of_a_load(each.key)]
        self._objects.delete({*keys, *left})
        if known:
            self._objects.delete([snapshot.key_of(prefix)])
            if bucket.is_ours(self._objects):
                self._release(prefix)

    def places(self, infix: str) -> list[Place]:
        """Prefixes that datakit has made, whose names contain `infix`, in whatever case."""
        wanted = infix.casefold()
        return [Place(prefix=each) for each in self._prefixes() if wanted in each.rpartition("/")[2].casefold()]

    def data_version(self, dataset: BoundDataSet) -> DataVersion | None:
        """A token of what the listing tells: names, sizes and ETags; no object is read.

        ETags of objects in parts, or encrypted by a key, are not a digest of their content. Of objects that a load
        of ours wrote the names do not count, for they are others each time.
        """
        known, found, _ = listing.whole(self._objects, str(dataset.place), dataset.retention)
        if not found and (known is None or known.objects is None):
            return None
        is_ours = known is not None and known.objects is not None
        told = sorted(f"{_without_name(each.key) if is_ours else each.key}\0{each.etag}\0{each.size}" for each in found)
        return DataVersion(hashlib.blake2b("\0\0".join(told).encode(), digest_size=16).hexdigest(), "token")

    def _sources(self, dataset: BoundDataSet, *, limit: int | None, show_pii: bool) -> Sequence[Source]:
        """The first object, and all, each of which is fetched."""
        try:
            from datakit_iac.technologies.s3 import looking  # late: it imports what plugins do
        except ImportError as lacking:
            raise StoreError(missing_driver("Reading objects", "cloudquery", lacking)) from lacking
        state = self.describe(dataset.place)
        if state is None:
            shown = self._objects.shown(str(dataset.place))
            raise StoreError(f"there is nothing at {shown}; put objects there, or fix the prefix")
        if state.is_empty:
            return [partial(looking.nothing, dataset)]
        heads = (False,) if limit is None else (True, False)
        return [partial(looking.rows, dataset, show_pii=show_pii, is_head=is_head) for is_head in heads]

    def size(self) -> int:
        """The bytes of all objects."""
        return sum(each.size for each in self._objects.list(""))

    def terms(self, dataset: BoundDataSet) -> Mapping[str, Any]:
        """How long the bucket keeps a DataSet and how closely it says to hold it, where that is not as declared."""
        return governance.drift(self._objects, dataset)

    def configure(self) -> None:
        """Bring the bucket to what the connection says, unless somebody else made it."""
        if bucket.is_ours(self._objects) or self._is_bare():
            self._notes += bucket.set_up(self._objects, self._options)
        else:
            self._notes.append(f"bucket {self._objects.bucket} was there before its Store and is left as it is set up")

    def configured(self) -> Mapping[str, Any]:
        """The options that the bucket has otherwise than the connection says."""
        return bucket.drift(self._objects, self._options) if bucket.is_ours(self._objects) else {}

    def notes(self) -> list[str]:
        """What was left undone since this was last asked."""
        told, self._notes = self._notes, []
        return told

    def _is_bare(self) -> bool:
        """Whether there is nothing in the bucket and no tag on it, as when it was just made."""
        return bucket.is_empty(self._objects) and not bucket.is_tagged(self._objects)

    def _below(self, place: Place) -> str:
        """What is only one of the things in the Store, and not all of it."""
        prefix = snapshot.folder(str(place))
        if not prefix:
            raise StoreError(f"prefix {place} is the whole Store {self._objects.shown()}, which stays")
        return prefix

    def _prefixes(self) -> Iterable[str]:
        return sorted(snapshot.prefix(each.key) for each in self._objects.list(snapshot.FOLDER))

    def _moved(self, written: Iterable[Written], moved: Mapping[str, str], target: str) -> tuple[Written, ...]:
        """The same objects in their new place, where parts may be cut otherwise, so that an ETag is another one."""
        etags = {each.key: each.etag for each in self._objects.list(target)}
        return tuple(
            replace(each, key=moved[each.key], etag=etags[moved[each.key]]) for each in written if each.key in moved
        )

    def _release(self, prefix: str) -> None:
        try:
            lifecycle.keep(self._objects, prefix, "")
        except NotImplementedByServiceError:
            return


def _is_nothing(found: Iterable[object]) -> bool:
    return next(iter(found), None) is None


def _without_name(key: str) -> str:
    """Where an object of ours is; its own name is that of the run that wrote it."""
    return key.rpartition("/")[0]
