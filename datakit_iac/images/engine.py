"""The container engine of this machine, where there is one: it gets images, has bases, and pushes."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from datakit_iac.executors import containers
from datakit_iac.images import layout
from datakit_iac.images.fault import ImageError

_PUSHED: Final = re.compile(r"digest: (sha256:[0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Engine:
    """One that answers.

    Attributes:
        name: ``docker``, ``podman`` or ``buildah``.
        path: its client.
    """

    name: str
    path: str

    def load(self, image: Path, reference: str, scratch: Path) -> None:
        """Give it an image.

        Args:
            image: the folder of the layout.
            reference: what it is called there.
            scratch: a folder for files on the way.

        Raises:
            ImageError: it does not take it.
        """
        archive = scratch / "image.tar"
        layout.archive(image, reference, archive)
        if self.name == "buildah":
            self._run("pull", "--quiet", f"oci-archive:{archive}")
        else:
            self._run("load", "--quiet", "--input", str(archive))
        archive.unlink()

    def push(self, reference: str, scratch: Path) -> str:
        """Push an image that it has; the digest that the registry knows it by.

        Raises:
            ImageError: the registry does not take it.
        """
        if self.name == "docker":
            said = _PUSHED.search(self._run("push", reference))
            return said[1] if said else ""
        file = scratch / "digest"
        self._run("push", "--quiet", "--digestfile", str(file), reference)
        return file.read_text(encoding="utf-8").strip()

    def save(self, reference: str, archive: Path) -> None:
        """Write an image as a tar of a layout; it is pulled where it is not on this machine.

        Raises:
            ImageError: there is no such image.
        """
        if self._code("inspect", reference):
            self._run("pull", "--quiet", reference)
        if self.name == "buildah":
            self._run("push", "--quiet", reference, f"oci-archive:{archive}")
        elif self.name == "podman":
            self._run("save", "--quiet", "--format", "oci-archive", "--output", str(archive), reference)
        else:
            self._run("save", "--output", str(archive), reference)

    def _code(self, *arguments: str) -> int:
        return subprocess.run([self.path, *arguments], capture_output=True, check=False).returncode

    def _run(self, *arguments: str) -> str:
        done = subprocess.run([self.path, *arguments], capture_output=True, text=True, check=False)
        if done.returncode:
            said = (done.stderr.strip() or done.stdout.strip()).splitlines()
            raise ImageError(f"`{_shown(self.name, arguments)}` failed: {said[-1] if said else done.returncode}")
        return done.stdout


def engine() -> Engine | None:
    """The first that answers: docker, podman, buildah."""
    if found := containers.engine():
        return Engine(found.name, found.path)
    path = shutil.which("buildah")
    return Engine("buildah", path) if path else None


def missing() -> str:
    """What was looked for, where none answers."""
    return f"{containers.missing()}; buildah is not on PATH"


def _shown(name: str, arguments: Sequence[str]) -> str:
    return " ".join([name, *arguments[:1], arguments[-1]])
