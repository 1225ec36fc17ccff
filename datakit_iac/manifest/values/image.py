"""References of container images, read after the grammar of the registries' own library.

Source: https://pkg.go.dev/github.com/distribution/reference; the OCI Distribution Specification 1.1 keeps its grammar.
"""

from __future__ import annotations

import re
from typing import Annotated, Final, NamedTuple

from pydantic import AfterValidator

from datakit_iac.manifest.values.secret import IN_TEXT

_ALPHA_NUMERIC: Final = r"[a-z0-9]+"
_PART: Final = rf"{_ALPHA_NUMERIC}(?:(?:\.|_|__|-+){_ALPHA_NUMERIC})*"
_DOMAIN_PART: Final = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_HOST: Final = rf"(?:{_DOMAIN_PART}(?:\.{_DOMAIN_PART})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_REFERENCE: Final = (
    rf"(?a)(?:(?P<registry>{_HOST})/)?(?P<repository>{_PART}(?:/{_PART})*)"
    r"(?::(?P<tag>[\w][\w.-]{0,127}))?"
    r"(?:@(?P<digest>[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?"
)
_DIGEST_LENGTHS: Final = {"sha256": 64, "sha384": 96, "sha512": 128}
_LONGEST_NAME: Final = 255
_STAND_IN: Final = "datakitvariable"


class Image(NamedTuple):
    """An image's reference in its parts; what is not said is empty.

    >>> Image.parse("ghcr.io:443/acme/load:1.4.2")
    Image(registry='ghcr.io:443', repository='acme/load', tag='1.4.2', digest='')
    """

    registry: str
    repository: str
    tag: str
    digest: str

    @classmethod
    def parse(cls, text: str) -> Image:
        """Read a reference.

        Raises:
            ValueError: the text is none; what is expected is said.
        """
        # A variable may stand for any part of it, or for the whole.
        variables = [each.group() for each in IN_TEXT.finditer(text)]
        match = re.fullmatch(_REFERENCE, IN_TEXT.sub(_STAND_IN, text))
        if match is None:
            raise ValueError(f"{text[:_LONGEST_NAME]!r} is not an image; expected for instance ghcr.io/acme/load:1.4.2")
        names = iter(variables)
        found = cls(
            **{name: re.sub(_STAND_IN, lambda _: next(names), part or "") for name, part in match.groupdict().items()}
        )
        # Before the first slash is a registry only if it looks like a host; else it is part of the name.
        if found.registry and not _is_host(found.registry):
            found = found._replace(registry="", repository=f"{found.registry}/{found.repository}")
        found._check(text)
        return found

    def _check(self, text: str) -> None:
        if len(self.registry) + len(self.repository) >= _LONGEST_NAME:
            raise ValueError(f"{text[:60]!r}… is not an image: its name is longer than {_LONGEST_NAME} characters")
        written = IN_TEXT.sub("", self.repository)
        if written != written.lower():
            raise ValueError(f"{text!r} is not an image: a repository's name is written in lower case")
        algorithm, _, code = self.digest.partition(":")
        if self.digest and len(code) != _DIGEST_LENGTHS.get(algorithm, len(code)):
            raise ValueError(
                f"{text!r} is not an image: a digest of {algorithm} has {_DIGEST_LENGTHS[algorithm]} digits"
            )


def _is_host(text: str) -> bool:
    return any(sign in text for sign in ".:[") or text == "localhost"


def _image(text: str) -> str:
    Image.parse(text)
    return text


ImageReference = Annotated[str, AfterValidator(_image)]
"""An image, e.g. ``ghcr.io/acme/load:1.4.2``."""
