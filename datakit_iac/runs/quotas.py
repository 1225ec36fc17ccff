"""The quota of an environment for storage: the bytes in the Stores that it may write to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from datakit_iac.contract.decoding import decode
from datakit_iac.contract.shapes import StoreReference
from datakit_iac.manifest.values.quantity import amount
from datakit_iac.runs.operation import NotDoneError, Operation
from datakit_iac.technologies.roles import role
from datakit_iac.technologies.technology import StoreError, technology
from datakit_iac.technologies.technology_roles import MeasuresSize

_LISTED: Final = 3


@contextmanager
def demand_room(quotas: Mapping[str, Any], call: Operation) -> Iterator[None]:
    """Refuse a Run where the environment's Stores are full; warn where it filled them.

    Args:
        quotas: `storage`, a quantity of bytes, with the `stores` that count, by name, each with `technology` and
            `connection`. What is not there is not limited.
        call: the Run's operation.

    Raises:
        NotDoneError: the Stores are full already; nothing was run.
    """
    before = _Storage.of(quotas)
    if before and before.used >= before.allowed:
        hint = "remove data, or raise `quotas.storage` of the Environment"
        raise NotDoneError(f"the Stores of {call.environment} hold {before}, so nothing more is written; {hint}")
    yield
    _look_back(quotas, call)


def _look_back(quotas: Mapping[str, Any], call: Operation) -> None:
    """Warn where a Run filled the Stores. The Run has succeeded, so nothing found now may fail it."""
    try:
        after = _Storage.of(quotas)
    except StoreError as fault:
        call.warn(f"what the Stores of {call.environment} hold now cannot be determined: {fault}")
        return
    if after and after.used > after.allowed:
        call.warn(f"the Stores of {call.environment} hold {after}; the next Run will be refused")


@dataclass(frozen=True, slots=True)
class _Storage:
    """The bytes in each Store, and how many all of them may hold, as a quantity."""

    sizes: Mapping[str, int]
    quota: str

    @classmethod
    def of(cls, quotas: Mapping[str, Any]) -> _Storage | None:
        """The current sizes; None where storage is not limited. Two Stores of one place count once."""
        if "storage" not in quotas:
            return None
        places: dict[str, str] = {}
        sizes = {}
        for name, store in (quotas.get("stores") or {}).items():
            connection = decode(StoreReference, store).reached
            found = technology(connection.technology)
            if places.setdefault(found.location(connection), name) == name:
                sizes[name] = role(found, MeasuresSize, found.name).size(connection)
        return cls(sizes, quotas["storage"])

    @property
    def used(self) -> int:
        return sum(self.sizes.values())

    @property
    def allowed(self) -> Decimal:
        return amount(self.quota)

    def __str__(self) -> str:
        largest = sorted(self.sizes.items(), key=lambda each: -each[1])[:_LISTED]
        stores = ", ".join(f"{name} {_bytes(size)}" for name, size in largest)
        return f"{_bytes(self.used)} of {self.quota} ({stores})"


def _bytes(size: float) -> str:
    """As a quantity: ``512``, ``1.5Ki``, ``20Gi``."""
    for unit in ("", "Ki", "Mi", "Gi"):
        if size < 1024:
            return f"{round(size, 1):g}{unit}"
        size /= 1024
    return f"{size:,.1f}Ti"
