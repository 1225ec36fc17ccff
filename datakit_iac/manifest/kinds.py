"""The kinds of manifest there are, each one's model imported when it is first asked for: building it takes a while."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from datakit_iac.manifest.document import Manifest

API_VERSION: Final = "datakit.infoblox.dev/v1alpha1"

_HOMES: Final = {
    "Connector": "connector",
    "Store": "store",
    "DataSet": "dataset",
    "DataSetGroup": "dataset",
    "Transform": "transform",
    "Environment": "environment",
    "Policy": "policy",
}


class _Kinds(Mapping[str, "type[Manifest]"]):
    def __init__(self) -> None:
        self._models: dict[str, type[Manifest]] = {}

    def __getitem__(self, kind: str) -> type[Manifest]:
        if kind not in self._models:
            module = importlib.import_module(f"datakit_iac.manifest.{_HOMES[kind]}")
            self._models[kind] = cast("type[Manifest]", getattr(module, kind))
        return self._models[kind]

    def __contains__(self, kind: object) -> bool:
        return kind in _HOMES

    def __iter__(self) -> Iterator[str]:
        return iter(_HOMES)

    def __len__(self) -> int:
        return len(_HOMES)


KINDS: Final[Mapping[str, type[Manifest]]] = _Kinds()
