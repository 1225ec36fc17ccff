"""What those who act on Stores and run jobs know of the one who asked."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol


class NotDoneError(Exception):
    """An operation failed and left nothing behind; the text is for the user."""


class NotRecordedError(NotDoneError):
    """The history or the log of a Run cannot be used now: nothing was run, and it can be tried again later."""


class Stop(threading.Event):
    """Set when an operation is to stop, by the user or for another reason.

    Attributes:
        reason: why, for the user.
    """

    reason = "cancelled"

    def because(self, reason: str) -> None:
        """Stop for a reason."""
        self.reason = reason
        self.set()


class Operation(Protocol):
    """An operation that somebody waits for."""

    @property
    def stack(self) -> str:
        """``project/stack``, the owner of what we create."""

    @property
    def environment(self) -> str:
        """The environment's name, which is the stack's."""

    @property
    def urn(self) -> str:
        """The resource's name in the stack (``urn:pulumi:STACK::PROJECT::TYPE::NAME``); empty outside of an update."""

    @property
    def tell(self) -> Callable[[str], None]:
        """Shows a message."""

    @property
    def warn(self) -> Callable[[str], None]:
        """Shows a warning."""

    @property
    def status(self) -> Callable[[str], None]:
        """Shows what is being done, replacing the last."""

    @property
    def cancel(self) -> Stop:
        """Set when the operation is to stop."""


@dataclass(frozen=True, slots=True)
class OwnOperation:
    """An operation outside of an update; see `Operation`."""

    stack: str
    tell: Callable[[str], None]
    warn: Callable[[str], None]
    status: Callable[[str], None]
    cancel: Stop = field(default_factory=Stop)
    urn: str = ""

    @property
    def environment(self) -> str:
        """The environment's name."""
        return self.stack.rpartition("/")[2]
