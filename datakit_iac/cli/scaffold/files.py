"""Writing new files into a project: all of them or none, and never over what is there."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from datakit_iac.cli.exit_codes import UsageError


@dataclass(frozen=True, slots=True)
class Written:
    """What was written.

    Attributes:
        files: every file that is new or has new text, in the order given.
        kept: each file that was replaced, and the file that has its former content.
    """

    files: Sequence[Path]
    kept: Mapping[Path, Path] = field(default_factory=dict)

    def as_dict(self) -> dict[str, object]:
        """Itself for JSON, with files as people know them."""
        kept = [{"file": shown(file), "as": shown(place)} for file, place in self.kept.items()]
        return {"written": [shown(file) for file in self.files], "kept": kept}

    def lines(self) -> Iterator[str]:
        """Itself for people."""
        for file in self.files:
            yield f"  {shown(file)}"
        for file, place in self.kept.items():
            yield f"  {shown(place)} has the former content of {file.name}"


def write(texts: Mapping[Path, str], *, force: bool = False) -> Written:
    """Write files, and the folders they need; after a failure everything is as before.

    Args:
        texts: what each file shall hold.
        force: go on where a file is there with other text; that is kept beside it, its name ending in ``.orig``.

    Raises:
        UsageError: files are there, and `force` does not hold; nothing was touched.
        OSError: something cannot be written; nothing is left of it.
    """
    there = [file for file in texts if os.path.lexists(file)]
    if there and not force:
        raise UsageError(_in_the_way(there), "`--force` goes on and keeps each beside the new one as .orig")
    fresh = [file for file, text in texts.items() if file not in there or not _holds(file, text)]
    kept: dict[Path, Path] = {}
    with ExitStack() as undo:
        for file in fresh:
            _make_folder(file.parent, undo)
            if file in there:
                kept[file] = _free_name_beside(file)
                file.rename(kept[file])
                undo.callback(kept[file].rename, file)
            undo.callback(file.unlink, missing_ok=True)
            with file.open("x", encoding="utf-8") as stream:
                stream.write(texts[file])
        undo.pop_all()
    return Written(fresh, kept)


def demand_free(texts: Iterable[Path]) -> None:
    """Refuse to write where something is.

    Raises:
        UsageError: files are there.
    """
    if there := [file for file in texts if os.path.lexists(file)]:
        raise UsageError(_in_the_way(there), "move what is there, or rename the manifest in it")


def replace(file: Path, text: str) -> Written:
    """Write another text into a file, at once and with the file's own permissions."""
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        fresh.write_bytes(text.encode())
        fresh.chmod(file.stat().st_mode)
        fresh.replace(file.resolve())
    finally:
        fresh.unlink(missing_ok=True)
    return Written([file])


def _in_the_way(there: Sequence[Path]) -> str:
    names = ", ".join(map(shown, there))
    return f"{names} {'is' if len(there) == 1 else 'are'} there already; nothing was written"


def _holds(file: Path, text: str) -> bool:
    return file.is_file() and file.read_bytes() == text.encode()


def _make_folder(folder: Path, undo: ExitStack) -> None:
    if not folder.is_dir():
        _make_folder(folder.parent, undo)
        folder.mkdir()
        undo.callback(folder.rmdir)


def _free_name_beside(file: Path) -> Path:
    name = file.with_name(f"{file.name}.orig")
    number = 1
    while os.path.lexists(name):
        number += 1
        name = file.with_name(f"{file.name}.orig{number}")
    return name


def shown(file: Path) -> str:
    """A file as people know it: from the working directory where it is below that."""
    here = Path.cwd()
    return str(file.relative_to(here)) if file.is_relative_to(here) else str(file)
