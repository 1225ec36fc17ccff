"""Building an image: what is below, the packages, and the files, each a layer."""

from __future__ import annotations

import errno
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from datakit_iac.images import contents, engine, layout, lock, machine, packages
from datakit_iac.images.base_image import ENVIRONMENT, WORK, Base, architecture, from_layout
from datakit_iac.images.fault import ImageError
from datakit_iac.images.layer import Entry, write

_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_USER: Final = "10001:10001"
_VARIABLES: Final = {"HOME": "/tmp", "PYTHONDONTWRITEBYTECODE": "1"}


@dataclass(frozen=True, slots=True)
class Built:
    """An image that was built.

    Attributes:
        digest: of its manifest.
        base: what it is built on, for the lock file.
        layout: the folder that it is in.
    """

    digest: str
    base: str
    layout: Path


@dataclass(frozen=True, slots=True)
class Builder:
    """What all images of one call have in common.

    Attributes:
        target: the folder of the layout; what is there is replaced.
        base: the folder or archive of a layout, or a reference that an engine has or pulls; empty for this machine's
            Python.
        reference: the name of the image; may be empty.
        progress: takes each step that is done, in one line.
    """

    target: Path
    base: str = ""
    reference: str = ""
    progress: Callable[[str], None] = lambda _: None

    def project(self, root: Path, *, locked_in: Sequence[Path], instead: Mapping[str, bytes | None]) -> Built:
        """Build the image of a project.

        Args:
            root: the folder whose files it has.
            locked_in: the folders that may have the lock file of its packages, the first that has one decides.
            instead: what some files have in the image, by path below the root; None for one that it does not have.

        Raises:
            ImageError: it cannot be built.
        """
        with self._whole() as (made, scratch):
            found = lock.of_project(*locked_in)
            base = self._base(made, scratch, needs_python=True)
            files = contents.of_project(root)
            for path, content in instead.items():
                files.pop(f"{WORK}/{path}", None)
                files |= {f"{WORK}/{path}": Entry(content)} if content is not None else {}
            installed = self._packages(found, base, scratch, with_ours=True)
            return self._finish(made, base, [installed, files], {"Cmd": ["dk", "--help"]})

    def python(self, code: Path, command: Sequence[str], *, locked_in: Sequence[Path]) -> Built:
        """Build the image of a Transform in Python.

        Args:
            code: its folder.
            command: what it runs.
            locked_in: the folders with the project's lock, which counts where the folder asks for no packages.

        Raises:
            ImageError: it cannot be built.
        """
        with self._whole() as (made, scratch):
            own = lock.of_code(code)
            found = own or lock.of_project(*locked_in)
            base = self._base(made, scratch, needs_python=True)
            installed = self._packages(found, base, scratch, with_ours=own is None)
            return self._finish(made, base, [installed, contents.of_code(code)], {"Entrypoint": [*command]})

    def go(self, code: Path, command: Sequence[str]) -> Built:
        """Build the image of a Transform in Go.

        Args:
            code: its folder.
            command: what it runs.

        Raises:
            ImageError: it cannot be built.
        """
        with self._whole() as (made, scratch):
            self.progress("building the program with Go")
            program, entrypoint = contents.go_program(code, command, scratch)
            base = self._base(made, scratch, needs_python=False)
            return self._finish(made, base, [program, contents.of_code(code)], {"Entrypoint": entrypoint})

    @contextmanager
    def _whole(self) -> Iterator[tuple[Path, Path]]:
        """The folder in which a layout is made, and one for what is needed on the way; both are gone afterwards."""
        parent = self.target.parent
        try:
            parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".building-", dir=parent) as folder:
                made, scratch = Path(folder, "layout"), Path(folder, "scratch")
                (made / layout.BLOBS).mkdir(parents=True)
                scratch.mkdir()
                yield made, scratch
        except OSError as fault:
            if fault.errno not in _FULL:
                raise
            message = f"there is not enough space for the image in {parent}"
            raise ImageError(message, "free some, or name a folder elsewhere: --layout FOLDER") from fault

    def _base(self, made: Path, scratch: Path, *, needs_python: bool) -> Base:
        blobs = made / layout.BLOBS
        if not self.base:
            self.progress("making the base of this machine")
            return machine.python(blobs) if needs_python else machine.empty(blobs)
        self.progress(f"reading the base {self.base}")
        folder, tag = _named(self.base)
        if folder.is_file():
            folder = _unpacked(folder, scratch)
        elif not folder.is_dir() and self.base.startswith(("/", ".", "~")):
            raise ImageError(f"there is no folder or file {self.base}")
        elif not folder.is_dir():
            folder, tag = _unpacked(_saved(self.base, scratch), scratch), ""
        found = from_layout(folder, blobs, tag)
        if needs_python and found.python is None:
            raise ImageError(f"the base {self.base} has no Python in {found.path}", "name one that has: --base IMAGE")
        return found

    def _packages(self, found: lock.Lock, base: Base, scratch: Path, *, with_ours: bool) -> dict[str, Entry]:
        self.progress(f"installing what {found.file} says")
        assert base.python  # demanded of every base
        return packages.environment(found, base.python, scratch, with_ours=with_ours)

    def _finish(
        self, made: Path, base: Base, upper: Sequence[Mapping[str, Entry]], calls: Mapping[str, list[str]]
    ) -> Built:
        self.progress("writing the image")
        layers = [*base.layers, *(write(each, made / layout.BLOBS) for each in upper)]
        process: dict[str, Any] = {**(base.process or {}), "User": _USER, "WorkingDir": f"/{WORK}"}
        variables = base.variables
        path = f"/{ENVIRONMENT}/bin:{base.path}" if base.python else base.path
        variables |= {**_VARIABLES, "PATH": path}
        process = {key: value for key, value in process.items() if key not in ("Entrypoint", "Cmd")}
        process |= {"Env": [f"{name}={value}" for name, value in variables.items()], **calls}
        digest = layout.finish(made, layers, process, architecture(), self.reference)
        layout.put(made, self.target)
        return Built(digest, base.said, self.target)


def _named(base: str) -> tuple[Path, str]:
    """A base as a path, with the tag behind it where the path has one."""
    path, _, tag = base.partition(":")
    return (Path(path), tag) if tag and Path(path).exists() else (Path(base), "")


def _unpacked(archive: Path, scratch: Path) -> Path:
    folder = Path(tempfile.mkdtemp(dir=scratch))
    try:
        with tarfile.open(archive) as opened:
            opened.extractall(folder, filter="data")
    except tarfile.TarError as fault:
        shutil.rmtree(folder)
        raise ImageError(f"{archive} is not a tar file of an OCI image layout: {fault}") from fault
    return folder


def _saved(reference: str, scratch: Path) -> Path:
    """An image of the engine of this machine, as a tar file."""
    found = engine.engine()
    if found is None:
        message = f"there is no folder or file {reference}, and no engine that has an image of that name"
        raise ImageError(f"{message}: {engine.missing()}", "`skopeo copy docker://IMAGE oci:FOLDER` makes a folder")
    archive = scratch / "base.tar"
    found.save(reference, archive)
    return archive
