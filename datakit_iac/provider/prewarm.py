"""Runtimes that take long to start are started while other jobs run."""

from __future__ import annotations

from typing import Final, Protocol, runtime_checkable

from datakit_iac.runtimes.registry import runtime

_EXPECTED: Final[set[str]] = set()


@runtime_checkable
class Warmable(Protocol):
    """A Runtime that can make itself ready ahead of its first job."""

    def warm(self) -> None:
        """Begin to get ready, and return at once; again costs nothing."""


def expect(name: str) -> None:
    """Note that jobs of this runtime may come."""
    _EXPECTED.add(name)


def warm() -> None:
    """Now that one job runs, make ready what the next ones need."""
    for name in sorted(_EXPECTED):
        expected = runtime(name)
        if isinstance(expected, Warmable):
            expected.warm()
