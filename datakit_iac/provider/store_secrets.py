"""The secrets of Stores: in memory for an update, and in no state but that of what carries them.

A Platform's provider carries those of its Stores, each once: the engine records its configuration, and hands it over
before any other call, also for a refresh and a `destroy`. What else names a Store has no secret of it in its state.

A secret that only the update will know stays with the DataSets of its Store, which are refreshed and deleted by their
own state. A Run reaches its Stores only when it is made or updated, and before that the engine has this process check
what the program says of it; so the secrets of that are kept in memory, and left out of what the engine records.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

from datakit_iac.manifest.values.secret import Secret
from datakit_iac.provider.protocol import Difference, Properties

STORES: Final = "stores"
"""The provider's configuration: the location and the secrets of each Store, by its name."""

_LENT: Final = ("Run", "Transform")
_STORE: Final = "store"
_HISTORY: Final = "history"
_SECRETS: Final = "secrets"


class StoreSecrets:
    """The secrets that this process was configured with, and those of each Run that was checked."""

    def __init__(self) -> None:
        self._lock, self._kept = threading.Lock(), dict[str, dict[str, Any]]()
        self._carried: dict[str, Any] = {}
        self._former: dict[str, Any] | None = None  # where it is the same
        self._is_configured = False

    def configure(self, configuration: Properties) -> None:
        """Carry the secrets of a configuration."""
        self._carried, self._is_configured = _carried(configuration), True

    def difference(self, old: Properties, new: Properties) -> Difference:
        """What differs between two configurations.

        Where a Store is gone, or elsewhere, the provider is replaced: what is deleted of that Store needs the former
        one until then. The engine asks the same of each resource whose provider is another one now, and replaces the
        resource by the same answer. That is asked of a provider which is configured already, and never replaces.
        """
        self._former = _carried(old)
        before, after = _locations(old), _locations(new)
        is_left = any(after.get(name) != location for name, location in before.items())
        changed = before != after or _carried(old) != _carried(new)
        return Difference(
            {STORES: "update"} if changed else {}, [STORES] if is_left and not self._is_configured else []
        )

    def taken(self, urn: str, inputs: Properties) -> Properties:
        """What is recorded of a Run or a Transform; the secrets that are left out are kept."""
        kept: dict[str, Any] = {}

        def take(store: Properties) -> Properties:
            if _SECRETS in store:
                kept[store.get("name", "")] = store[_SECRETS]
            return _bare(store)

        if (kind := kind_of(urn)) not in _LENT:
            return inputs
        made = _with_stores(kind, inputs, take)
        with self._lock:
            self._kept[urn] = kept
        return made

    def given(self, urn: str, inputs: Properties) -> Properties:
        """What a resource, or a function without a URN, needs to reach its Stores."""
        with self._lock:
            known = {**self._carried, **self._kept.get(urn, {})}
        return _with_stores(kind_of(urn), inputs, lambda store: _given(store, known))

    def compared(self, urn: str, old: Properties, new: Properties) -> tuple[Properties, Properties]:
        """What differs of a Store by its secrets, too; nothing else does."""
        if kind_of(urn) != "Store":
            return old, new
        former = self._carried if self._former is None else self._former
        return _given(old, former), _given(new, self._carried)

    def recorded(self, urn: str, inputs: Properties) -> Properties:
        """What is recorded of a resource as it was found: without what this process was configured with."""
        carried = self._carried
        return _with_stores(kind_of(urn), inputs, lambda store: _bare(store) if store.get("name") in carried else store)


def kind_of(urn: str) -> str:
    """The kind of a resource; DataSet for what has no URN: the functions are about one."""
    return urn.split("::")[2].rpartition(":")[2] if urn else "DataSet"


def _carried(configuration: Properties) -> dict[str, Any]:
    return {
        name: {key: Secret(each) for key, each in store[_SECRETS].items()}
        for name, store in _stores(configuration).items()
    }


def _locations(configuration: Properties) -> dict[str, Any]:
    return {name: store.get("location") for name, store in _stores(configuration).items()}


def _stores(configuration: Properties) -> Mapping[str, Any]:
    """The Stores of a configuration; of what else one may have, as the default provider's has, none."""
    stores = _plain(configuration.get(STORES))
    found = stores.items() if isinstance(stores, Mapping) else ()
    return {name: each for name, each in found if isinstance(each, Mapping) and isinstance(each.get(_SECRETS), Mapping)}


def _plain(value: Any) -> Any:
    """A value without marks: which of its parts an engine marks as secret differs from call to call."""
    if isinstance(value, Secret):
        return _plain(value.content)
    return {name: _plain(each) for name, each in value.items()} if isinstance(value, Mapping) else value


def _given(store: Properties, known: Mapping[str, Any]) -> Properties:
    name = store.get("name", "")
    return {**store, _SECRETS: known[name]} if name in known and _SECRETS not in store else store


def _bare(store: Properties) -> Properties:
    return {name: value for name, value in store.items() if name != _SECRETS}


def _with_stores(kind: str, inputs: Properties, change: Callable[[Properties], Properties]) -> Properties:
    """Inputs with something done to the Stores in them."""

    def changed(contract: Any) -> Any:
        store = contract.get(_STORE) if isinstance(contract, Mapping) else None
        return {**contract, _STORE: change(store)} if isinstance(store, Mapping) else contract

    if kind == "Store":
        return change(inputs)
    if kind == "DataSet":
        return dict(changed(inputs))
    if kind not in _LENT:
        return inputs
    several = {name: inputs[name] for name in ("inputs", "outputs") if isinstance(inputs.get(name), list)}
    history = inputs.get(_HISTORY)
    kept = {_HISTORY: change(history)} if isinstance(history, Mapping) else {}
    return {**inputs, **kept, **{name: [changed(each) for each in contracts] for name, contracts in several.items()}}
