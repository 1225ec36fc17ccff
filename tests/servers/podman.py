"""The settings of a container engine on machines with few rights, with its images in a folder of the test."""

from __future__ import annotations

from pathlib import Path


def settings(folder: Path) -> dict[str, str]:
    """The variables that let podman run there; its files are written."""
    (folder / "containers.conf").write_text(
        '[containers]\ndefault_ulimits = ["nofile=2000:2000", "nproc=1000:1000"]\n[engine]\nruntime = "runc"\n'
    )
    (folder / "storage.conf").write_text(
        f'[storage]\ndriver = "vfs"\ngraphroot = "{folder}/root"\nrunroot = "{folder}/run"\n'
    )
    names = {"CONTAINERS_CONF": "containers.conf", "CONTAINERS_STORAGE_CONF": "storage.conf"}
    return {name: str(folder / file) for name, file in names.items()}
