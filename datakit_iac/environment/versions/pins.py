"""What pins one version and what leaves a choice: of versions, of images, of git revisions."""

from __future__ import annotations

import re
from typing import Final

_VERSION: Final = re.compile(r"^\s*(==?|===)?\s*v?\d+\.\d+\.\d+([-+.]?[0-9A-Za-z][0-9A-Za-z.+-]*)?\s*$")
_TAG: Final = re.compile(r"^v?\d+\.\d+\.\d+([-+.]?[0-9A-Za-z][0-9A-Za-z._+-]*)?$")
_DIGEST: Final = re.compile(r"^sha256:[0-9a-f]{64}$")
_COMMIT: Final = re.compile(r"^([0-9a-f]{40}|[0-9a-f]{64})$")


def is_exact_version(constraint: str) -> bool:
    """Whether a range holds one version only: all three numbers, and nothing that leaves a choice.

    >>> is_exact_version("1.4.2"), is_exact_version("==1.4.2"), is_exact_version("1.4"), is_exact_version("^1.4.2")
    (True, True, False, False)
    """
    return bool(_VERSION.match(constraint))


def is_exact_image(image: str) -> bool:
    """Whether an image's reference always means the same: a digest, or a full version as its tag.

    >>> is_exact_image("ghcr.io/acme/load:v1.4.2"), is_exact_image("ghcr.io/acme/load@sha256:" + 64 * "0")
    (True, True)
    >>> is_exact_image("ghcr.io/acme/load:latest"), is_exact_image("ghcr.io:443/acme/load"), is_exact_image("load:1")
    (False, False, False)
    """
    named, _, digest = image.partition("@")
    return bool(_DIGEST.match(digest)) if digest else bool(_TAG.match(image_tag(named)))


def image_tag(image: str) -> str:
    """The tag of an image's reference; empty where there is none. A colon before a slash is a registry's port.

    >>> image_tag("ghcr.io:443/acme/load:v1.4.2@sha256:0"), image_tag("ghcr.io:443/acme/load")
    ('v1.4.2', '')
    """
    last = image.partition("@")[0].rpartition("/")[2]
    return last.partition(":")[2]


def is_exact_revision(revision: str) -> bool:
    """Whether a git revision always means the same: a commit's whole hash, or a full version as its tag.

    >>> is_exact_revision("1.3.0"), is_exact_revision("main"), is_exact_revision("0123456789" * 4)
    (True, False, True)
    """
    return bool(_COMMIT.match(revision) or _TAG.match(revision))


def is_path(source: str) -> bool:
    """Whether a plugin is named by a path of the project and not as an image.

    >>> is_path("./plugins/load"), is_path("/opt/load"), is_path("ghcr.io/acme/load:v1.4.2")
    (True, True, False)
    """
    return source.startswith(("./", "../", "/", "~"))
