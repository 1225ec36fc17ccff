"""Reading objects: they are fetched as they were when the snapshot was read, and then read as files are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final

from datakit_iac.cloudquery_plugins.events import Event, emit
from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.technologies.files.cloudquery.finding import DataFile, opened
from datakit_iac.technologies.files.cloudquery.source import FilesSource
from datakit_iac.technologies.files.cloudquery.spec import FilesSpec, TableSpec
from datakit_iac.technologies.s3 import listing
from datakit_iac.technologies.s3.objects import Found, Objects, in_parallel
from datakit_iac.technologies.s3.opening import ConflictError, ObjectMissingError
from datakit_iac.technologies.technology import StoreError

_ATTEMPTS: Final = 5
_OWN: Final = ("store", "secrets", "retention")


class S3Source(FilesSource):
    """The tables of a spec; see `FilesSource`.

    Args:
        document: the plugin's spec.
        tell: takes what happens.
        most: how many objects of each table are read; None for all.

    Raises:
        PluginFault: objects cannot be found or read.
    """

    def __init__(
        self, document: Mapping[str, Any], tell: Callable[[Event], None] = emit, most: int | None = None
    ) -> None:
        self._most = most
        tables = document.get("tables") or ()
        self._stores: dict[str, Mapping[str, Any]] = {each.get("name"): each for each in tables}
        plain = [{name: value for name, value in each.items() if name not in _OWN} for each in tables]
        super().__init__(FilesSpec.parse({**document, "tables": plain}), tell)

    def files(self, spec: TableSpec) -> list[DataFile]:
        """The objects of a table, each fetched; none where its snapshot says that there are no rows."""
        said = self._stores[spec.name]
        folder = self.folder / f"objects-{len(self._tables)}"
        try:
            objects = Objects(said["store"], said.get("secrets") or {})
            content, found = fetched(objects, spec.path, said.get("retention") or "", folder, self._most)
        except StoreError as fault:
            raise PluginFault(str(fault)) from fault
        if content.snapshot and content.snapshot.objects is not None:
            self.absent[spec.name] = frozenset(content.snapshot.columns)
        if found:
            unpacked = self.folder / f"unpacked-{len(self._tables)}"
            unpacked.mkdir()
            return opened(spec, [(path, objects.shown(each.key)) for each, path in found], unpacked)
        if content.snapshot and content.snapshot.objects is not None and spec.columns:
            return []
        raise PluginFault(f"there is no object {objects.shown(spec.path)}; put it there, or fix the DataSet's prefix")


def fetched(
    objects: Objects, prefix: str, retention: str, folder: Path, most: int | None = None
) -> tuple[listing.Content, list[tuple[Found, Path]]]:
    """What a place means, all of one time, and each of its objects as a file, or the first `most` of them.

    Where a load is switched meanwhile, so that objects go, it begins again with what is there then.

    Raises:
        StoreError: it cannot be read, or others switch all the time.
    """
    for attempt in range(_ATTEMPTS):
        content = listing.whole(objects, prefix, retention)
        found = [
            (each, folder / f"{attempt}-{number:06}{_ending(each)}")
            for number, each in enumerate(content.objects[:most])
        ]
        folder.mkdir(exist_ok=True)
        try:
            in_parallel(lambda pair: objects.fetch(*pair), found)
        except (ConflictError, ObjectMissingError):
            continue
        return content, found
    raise StoreError(f"{objects.shown(prefix)} was switched {_ATTEMPTS} times while it was read; try again later")


def _ending(found: Found) -> str:
    """What tells format and packing, in lower case; nothing else of a name is one for this machine."""
    endings = PurePosixPath(found.key).suffixes[-2:]
    return "".join(each.lower() for each in endings if each[1:].isalnum() and len(each) < 10)
