"""What an environment may use: so many Runs at a time, and so many bytes in the Stores that it may write to."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from datakit_iac.executors.process import Cancelled
from datakit_iac.manifest.quantity import amount
from datakit_iac.provider import inputs as decode
from datakit_iac.provider.lifecycle import Call, Properties, ResourceError
from datakit_iac.provider.turns import PATIENCE
from datakit_iac.technologies.technology import technology

_RUNNING: Final[Counter[str]] = Counter()
"""How many Runs of each stack there are now. A stack has one update at a time, and an update one provider."""
_ENDED: Final = threading.Condition()
_LISTED: Final = 3


@contextmanager
def within(quotas: Properties, call: Call) -> Iterator[None]:
    """Be one of the environment's Runs, as soon as there may be one more; say so where it filled the Stores.

    Args:
        quotas: `concurrentRuns`, a number; `storage`, a quantity of bytes, with the `stores` that count, by name, each
            with `technology` and `connection`. What is not there is not limited.
        call: the Run's operation.

    Raises:
        Cancelled: the user stopped the wait.
        ResourceError: the Stores are full already; nothing was run.
    """
    with _one_more(quotas.get("concurrentRuns"), call):
        if "storage" in quotas and (used := _used(quotas)) and sum(used.values()) >= amount(quotas["storage"]):
            hint = "remove data, or raise `quotas.storage` of the Environment"
            raise ResourceError(f"{_told(used, quotas, call)}, so nothing more is written; {hint}")
        yield
        if "storage" in quotas and sum((used := _used(quotas)).values()) > amount(quotas["storage"]):
            call.warn(f"{_told(used, quotas, call)}; the next Run will be refused")


@contextmanager
def _one_more(most: float | None, call: Call) -> Iterator[None]:
    if most is None:
        yield
        return
    with _ENDED:
        if not _ENDED.wait_for(lambda: _RUNNING[call.stack] < most, PATIENCE):
            call.status(f"waiting: {call.environment} allows {most:g} Run{'s' if most > 1 else ''} at a time")
        while not _ENDED.wait_for(lambda: _RUNNING[call.stack] < most, 0.2):
            if call.cancel.is_set():
                raise Cancelled
        _RUNNING[call.stack] += 1
    try:
        yield
    finally:
        with _ENDED:
            _RUNNING[call.stack] -= 1
            _ENDED.notify_all()


def _used(quotas: Properties) -> dict[str, int]:
    """The bytes in each Store; two of one place count once."""
    places: dict[str, str] = {}
    sizes = {}
    for name, store in (quotas.get("stores") or {}).items():
        connection = decode.connection(store)
        found = technology(connection.technology)
        if places.setdefault(found.location(connection), name) == name:
            sizes[name] = found.size(connection)
    return sizes


def _told(used: dict[str, int], quotas: Properties, call: Call) -> str:
    largest = sorted(used.items(), key=lambda each: -each[1])[:_LISTED]
    stores = ", ".join(f"{name} {_bytes(size)}" for name, size in largest)
    return f"the Stores of {call.environment} hold {_bytes(sum(used.values()))} of {quotas['storage']} ({stores})"


def _bytes(size: float) -> str:
    """As a quantity: ``512``, ``1.5Ki``, ``20Gi``."""
    for unit in ("", "Ki", "Mi", "Gi"):
        if size < 1024:
            return f"{round(size, 1):g}{unit}"
        size /= 1024
    return f"{size:,.1f}Ti"
