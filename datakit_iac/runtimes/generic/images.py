"""What a job in an image is defined by, and what of this machine it must see."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from datakit_iac.contract.job import Job
from datakit_iac.executors import containers
from datakit_iac.technologies.technology import technology
from datakit_iac.technologies.technology_roles import Connects


def content(image: str) -> str:
    """What tells one content of an image from another: its digest where it can be read here, else what is written."""
    if "@" in image:
        return image
    engine = containers.engine()
    return (engine.digest(image) if engine else "") or image


def mounts(job: Job) -> list[str]:
    """The folders of this machine that the Stores of a job are in."""
    return sorted(
        {
            mount
            for each in (*job.inputs, *job.outputs)
            if isinstance(found := technology(each.connection.technology), Connects)
            for mount in _folder(found.dsn(each.connection))
        }
    )


def _folder(dsn: str) -> list[str]:
    """The folder of an address that is a path; of a file the one that it is in, for its lock and its log are there."""
    parts = urlsplit(dsn)
    if parts.netloc or not parts.path.startswith("/"):
        return []
    path = Path(unquote(parts.path))
    return [str(path if path.is_dir() else path.parent)]
