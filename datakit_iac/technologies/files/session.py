"""Files of one folder."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final

from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.technologies.data_version import DataVersion
from datakit_iac.technologies.duckdb.batch_reading import ReadsBatches
from datakit_iac.technologies.evolution import Change
from datakit_iac.technologies.files import listing
from datakit_iac.technologies.ownership import Mark
from datakit_iac.technologies.technology import StoreError, TableState, missing_driver

if TYPE_CHECKING:
    from datakit_iac.technologies.duckdb.batches import Source

MARK: Final = ".datakit"
"""The file that carries the mark of ownership of a prefix."""


class FilesSession(ReadsBatches):
    """A folder in which each prefix is a DataSet; see `Session`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def version(self) -> str:
        """Files have none."""
        return ""

    def describe(self, place: Place) -> TableState | None:
        """Whether there are files, and whose; files keep no schema."""
        target = self._path(place)
        files = self._files(place)
        if not files and not target.is_dir():
            return None
        mark_file = target / MARK
        description, mark = Mark.split(mark_file.read_text() if mark_file.is_file() else "")
        return TableState((), description, mark, not files)

    def count(self, place: Place) -> int:
        """How many files there are."""
        return len(self._files(place))

    def create(self, dataset: BoundDataSet, mark: Mark) -> None:
        """Make the prefix a folder that carries our mark."""
        if listing.is_pattern(str(dataset.place)):
            raise StoreError(f"{dataset.place} is a pattern of files; what is made needs a prefix of its own")
        self._path(dataset.place).mkdir(parents=True, exist_ok=True)
        self.alter(dataset, (), mark)

    def alter(self, dataset: BoundDataSet, changes: Sequence[Change], mark: Mark) -> None:
        """Write description and mark again; the files stay as they are."""
        mark_file = self._path(dataset.place) / MARK
        fresh = mark_file.with_name(MARK + ".new")
        fresh.write_text(mark.append_to(dataset.description))
        fresh.replace(mark_file)

    def rename(self, place: Place, name: str) -> None:
        """Rename the prefix within its folder."""
        target = self._below(place)
        target.rename(target.with_name(name))

    def drop(self, place: Place) -> None:
        """Remove the prefix and its files."""
        target = self._below(place)
        if target.is_dir():
            shutil.rmtree(target)
        else:
            target.unlink()

    def misfits(self, place: Place, change: Change) -> int:
        """None: a change of schema touches no file."""
        return 0

    def places(self, infix: str) -> list[Place]:
        """Folders and files whose names contain `infix`, in whatever case."""
        wanted = infix.casefold()
        paths = (Path(current, name) for current, *names in os.walk(self._folder) for name in chain(*names))
        found = (path for path in paths if wanted in path.name.casefold())
        return [Place(prefix=path.relative_to(self._folder).as_posix()) for path in sorted(found)]

    def data_version(self, dataset: BoundDataSet) -> DataVersion | None:
        """A digest of the files' names and contents."""
        files = self._files(dataset.place)
        if not files:
            return None
        digest = hashlib.blake2b(digest_size=16)
        for path in files:
            digest.update(os.fsencode(path.relative_to(self._folder).as_posix()))
            with path.open("rb") as content:
                digest.update(hashlib.file_digest(content, "blake2b").digest())
        return DataVersion(digest.hexdigest())

    def _sources(self, dataset: BoundDataSet, *, limit: int | None, show_pii: bool) -> Sequence[Source]:
        """The first file, and all."""
        try:
            from datakit_iac.technologies.files.cloudquery import looking  # late: it imports what plugins do
        except ImportError as lacking:
            raise StoreError(missing_driver("Reading files", "cloudquery", lacking)) from lacking
        state = self.describe(dataset.place)
        if state is None:
            raise StoreError(f"there is nothing at {self._path(dataset.place)}; put files there, or fix the prefix")
        if state.is_empty:
            return [partial(looking.nothing, dataset)]
        heads = (False,) if limit is None else (True, False)
        return [partial(looking.rows, dataset, show_pii=show_pii, is_head=is_head) for is_head in heads]

    def _path(self, place: Place) -> Path:
        try:
            return listing.below(self._folder, place.prefix or "")
        except listing.ListingError as fault:
            raise StoreError(str(fault)) from fault

    def _below(self, place: Place) -> Path:
        """What is only one of the things in the folder, and not the folder itself."""
        target = self._path(place)
        if target == self._folder:
            raise StoreError(f"prefix {place} is the whole folder {self._folder}, which stays")
        return target

    def _files(self, place: Place) -> list[Path]:
        try:
            return listing.files(self._folder, place.prefix or "")
        except listing.ListingError as fault:
            raise StoreError(str(fault)) from fault
