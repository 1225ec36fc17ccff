"""The kinds of manifest there are; the model of each is imported when it is first asked for."""

from __future__ import annotations

import importlib
from functools import cache
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from datakit_iac.manifest.models.document import Manifest

_MODULES: Final = {
    "Connector": "connector",
    "Store": "store",
    "DataSet": "dataset",
    "DataSetGroup": "dataset",
    "Transform": "transform",
    "Environment": "environment",
    "Policy": "policy",
}

KINDS: Final = tuple(_MODULES)


@cache
def model_of(kind: str) -> type[Manifest]:
    """The model of a kind.

    Raises:
        KeyError: there is no such kind.
    """
    module = importlib.import_module(f"{__package__}.{_MODULES[kind]}")
    return cast("type[Manifest]", getattr(module, kind))
