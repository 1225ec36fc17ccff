"""The secrets of the Stores that a Run works on: in memory for an update, and never in its state.

A Run reaches its Stores only when it is made or updated, and before that the engine always has this process check what
the program says of it; so the secrets of that are kept in memory, and left out of what the engine records. A DataSet
is also refreshed and deleted, with nothing but its own state to reach its Store by: it keeps them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

from datakit_iac.provider.protocol import Properties

_LENT: Final = ("Run", "Transform")
_STORE: Final = "store"
_HISTORY: Final = "history"
_SECRETS: Final = "secrets"


class RunSecrets:
    """The secrets of each Run that was checked, by its URN and the Store's name."""

    def __init__(self) -> None:
        self._lock, self._kept = threading.Lock(), dict[str, dict[str, Any]]()

    def taken(self, urn: str, inputs: Properties) -> Properties:
        """What is recorded of a resource; the secrets that are left out are kept."""
        kept: dict[str, Any] = {}

        def take(store: Properties) -> Properties:
            if _SECRETS in store:
                kept[store.get("name", "")] = store[_SECRETS]
            return {name: value for name, value in store.items() if name != _SECRETS}

        made = _with_stores(urn, inputs, take)
        with self._lock:
            self._kept[urn] = kept
        return made

    def given(self, urn: str, inputs: Properties) -> Properties:
        """What a resource needs to be made."""
        with self._lock:
            kept = self._kept.get(urn, {})

        def give(store: Properties) -> Properties:
            name = store.get("name", "")
            return {**store, _SECRETS: kept[name]} if name in kept else store

        return _with_stores(urn, inputs, give)


def _with_stores(urn: str, inputs: Properties, change: Callable[[Properties], Properties]) -> Properties:
    """Inputs with something done to the Stores of what a Run reads and writes, and of the history."""
    if urn.split("::")[2].rpartition(":")[2] not in _LENT:
        return inputs

    def changed(contract: Any) -> Any:
        store = contract.get(_STORE) if isinstance(contract, Mapping) else None
        return {**contract, _STORE: change(store)} if isinstance(store, Mapping) else contract

    several = {name: inputs[name] for name in ("inputs", "outputs") if isinstance(inputs.get(name), list)}
    history = inputs.get(_HISTORY)
    kept = {_HISTORY: change(history)} if isinstance(history, Mapping) else {}
    return {**inputs, **kept, **{name: [changed(each) for each in contracts] for name, contracts in several.items()}}
