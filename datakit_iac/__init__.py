"""DataKit IaC: data platforms as a Pulumi program; the public names of programs, nothing else."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from datakit_iac.version import __version__

if TYPE_CHECKING:
    from datakit_iac.functions.annotations import RecordBatchReader, Table
    from datakit_iac.functions.declaration import dataset, transform
    from datakit_iac.functions.markers import column, no_pii, pii, primary_key
    from datakit_iac.functions.triggers import composite, manual, on_change, schedule
    from datakit_iac.resources.dataset import DataSet
    from datakit_iac.resources.parts import Column, ColumnDict, Consent, ConsentDict, Test, TestDict
    from datakit_iac.resources.platform import Platform
    from datakit_iac.resources.run import Run
    from datakit_iac.resources.store import Connector, Store
    from datakit_iac.resources.transform import Transform

__all__ = [
    "Column",
    "ColumnDict",
    "Connector",
    "Consent",
    "ConsentDict",
    "DataSet",
    "Platform",
    "RecordBatchReader",
    "Run",
    "Store",
    "Table",
    "Test",
    "TestDict",
    "Transform",
    "__version__",
    "column",
    "composite",
    "dataset",
    "manual",
    "no_pii",
    "on_change",
    "pii",
    "primary_key",
    "schedule",
    "transform",
]

_HOMES = {
    "Column": "datakit_iac.resources.parts",
    "ColumnDict": "datakit_iac.resources.parts",
    "Consent": "datakit_iac.resources.parts",
    "ConsentDict": "datakit_iac.resources.parts",
    "Test": "datakit_iac.resources.parts",
    "TestDict": "datakit_iac.resources.parts",
    "DataSet": "datakit_iac.resources.dataset",
    "Platform": "datakit_iac.resources.platform",
    "Connector": "datakit_iac.resources.store",
    "Store": "datakit_iac.resources.store",
    "Run": "datakit_iac.resources.run",
    "Transform": "datakit_iac.resources.transform",
    **dict.fromkeys(("RecordBatchReader", "Table"), "datakit_iac.functions.annotations"),
    **dict.fromkeys(("dataset", "transform"), "datakit_iac.functions.declaration"),
    **dict.fromkeys(("composite", "manual", "on_change", "schedule"), "datakit_iac.functions.triggers"),
    **dict.fromkeys(("column", "no_pii", "pii", "primary_key"), "datakit_iac.functions.markers"),
}


def __getattr__(name: str) -> Any:
    # Late, since the provider and the plugins import parts of this package and not the SDK's resources.
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
