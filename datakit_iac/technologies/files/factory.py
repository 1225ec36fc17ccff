"""The Technology `files`: cheap to import, for what reads files comes with the session."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.findings.fault import Fault
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.canonical import canonical
from datakit_iac.technologies.evolution import Change
from datakit_iac.technologies.files import csv_options
from datakit_iac.technologies.files.connection import FilesConnection
from datakit_iac.technologies.files.paths import SCHEME, resolve
from datakit_iac.technologies.technology import Capabilities, StoreError, StoreMissingError

if TYPE_CHECKING:
    from datakit_iac.technologies.files.session import FilesSession


class Files:
    """Files below a folder.

    A path is a folder's, or ``package:NAME/folder`` for one inside an installed Python package.
    """

    name = "files"
    connection = FilesConnection
    capabilities = Capabilities(places=("prefix",), keeps_schema=False, reader=frozenset(csv_options.OPTIONS))

    def check(self, connection: Connection, *, create: bool = False) -> list[Fault]:
        """What the model says, then options that contradict each other, and a path that is not a folder."""
        options = connection.options
        if faults := self.connection.faults(self.name, options):
            return faults
        unusable = _unusable(options["path"], create)
        return [*(Fault("invalid-connection", ("path",), each) for each in unusable), *contradictions(options)]

    def location(self, connection: Connection) -> str:
        """The folder, however its path is spelled; one inside a package is named by the package."""
        path = str(connection.options["path"])
        return f"{self.name}:{posixpath.normpath(path) if path.startswith(SCHEME) else canonical(path)}"

    def at(self, location: str) -> Connection:
        """The Store of a path."""
        return Connection(self.name, {"path": location.partition(":")[2]})

    def address(self, place: Place, connection: Connection) -> str:
        """The path within the folder; ``raw``, ``raw/`` and ``./raw`` are one."""
        return address(place)

    def dsn(self, connection: Connection) -> str:
        """The folder, e.g. ``file:///srv/inbox``."""
        return f"file://{quote(str(resolve(connection.options['path']).absolute()))}"

    def connect(self, dsn: str) -> Any:
        """The folder, a `pathlib.Path`."""
        return Path(unquote(urlsplit(dsn).path))

    def size(self, connection: Connection) -> int:
        """Every file below the folder, links left out."""
        try:
            folder = resolve(connection.options["path"])
            return _below(folder) if folder.exists() else 0
        except OSError as fault:
            raise StoreError(f"{fault.filename or connection.options['path']}: {fault.strerror or fault}") from fault

    def canonical(self, data_type: DataType) -> DataType:
        """Types are declared, files keep none of their own."""
        return data_type

    def ddl(self, dataset: BoundDataSet, changes: Iterable[Change] | None) -> list[str]:
        """Making the folder is all; a change of schema touches no file."""
        return [f"mkdir {dataset.place.prefix}"] if changes is None else []

    @contextmanager
    def open(self, connection: Connection, *, create: bool = False) -> Iterator[FilesSession]:
        """Find the folder."""
        from datakit_iac.technologies.files.session import FilesSession

        try:
            folder = resolve(connection.options["path"])
            if create:
                folder.mkdir(parents=True, exist_ok=True)
            if not folder.is_dir():
                raise StoreMissingError(f"there is no folder {folder}; make it, or fix the Store's path")
            yield FilesSession(folder)
        except OSError as fault:
            raise StoreError(f"{fault.filename or connection.options['path']}: {fault.strerror or fault}") from fault


def address(place: Place) -> str:
    """One text for a prefix, however it is spelled."""
    return posixpath.normpath(str(place))


def contradictions(options: Mapping[str, Any]) -> list[Fault]:
    """The options of CSV that contradict each other, each fault at the one that it begins with."""
    return [Fault("invalid-value", _named(each, options), each) for each in csv_options.CsvOptions.read(options)[1]]


def _named(contradiction: str, options: Mapping[str, Any]) -> tuple[str, ...]:
    """The option that it is about, of those that are said."""
    return tuple(word for word in contradiction.split() if word in options)[:1]


def _unusable(path: str, create: bool) -> list[str]:
    """Why a path can be no folder to read, as far as looking at it tells; with `create`, none that can be made."""
    try:
        folder = resolve(path)
        if create and not os.path.lexists(folder):
            above = next(each for each in folder.parents if os.path.lexists(each))
            can_make = above.is_dir() and os.access(above, os.W_OK | os.X_OK) and not path.startswith(SCHEME)
            return [] if can_make else [f"{path} cannot be made: {above} is not a folder that is ours to write"]
        usable = folder.is_dir() and os.access(folder, os.R_OK | os.X_OK)
    except (OSError, ValueError, RuntimeError) as fault:
        return [str(fault)]
    is_ours_to_make = not os.path.lexists(folder) and not path.startswith(SCHEME)
    hint = "; make it, or let its Store do so (`create: true`)" if is_ours_to_make else ""
    return [] if usable else [f"{path} is not a folder that can be read{hint}"]


def _below(folder: Path) -> int:
    with os.scandir(folder) as entries:
        return sum(
            _below(Path(entry)) if entry.is_dir(follow_symlinks=False) else entry.stat(follow_symlinks=False).st_size
            for entry in entries
        )
