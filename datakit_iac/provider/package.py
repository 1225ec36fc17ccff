"""The package `datakit`: its resource types and functions by their tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from datakit_iac.provider.connector import ConnectorType
from datakit_iac.provider.dataset import DataSetType
from datakit_iac.provider.fingerprint import fingerprint
from datakit_iac.provider.lifecycle import ResourceType
from datakit_iac.provider.run import RunType
from datakit_iac.provider.servicer import Invocation
from datakit_iac.provider.store import StoreType
from datakit_iac.provider.transform import TransformType

TYPES: Final[Mapping[str, ResourceType]] = {
    "datakit:index:Connector": ConnectorType(),
    "datakit:index:Store": StoreType(),
    "datakit:index:DataSet": DataSetType(),
    "datakit:index:Transform": TransformType(),
    "datakit:index:Run": RunType(),
}
FUNCTIONS: Final[Mapping[str, Invocation]] = {"datakit:index:fingerprint": fingerprint}
