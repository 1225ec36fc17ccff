"""Sessions of several Stores, each opened once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from datakit_iac.contract.connection import Connection
from datakit_iac.technologies.technology import Session, technology


@contextmanager
def sessions() -> Iterator[Callable[[Connection], Session]]:
    """What opens a Store on its first use and gives its Session; all are closed at the end.

    >>> with sessions() as session:
    ...     session(Connection("files", {"path": "."})) is session(Connection("files", {"path": "."}))
    True

    Raises:
        StoreError: one cannot be opened; `StoreMissingError` where it is not there.
    """
    known: dict[str, Session] = {}
    with ExitStack() as opened:

        def session(connection: Connection) -> Session:
            found = technology(connection.technology)
            location = found.location(connection)
            if location not in known:
                known[location] = opened.enter_context(found.open(connection))
            return known[location]

        yield session
