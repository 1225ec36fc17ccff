"""The package `datakit`: its resource types and functions by their tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from datakit_iac.provider.protocol import ResourceType
from datakit_iac.provider.resource_types.connector import ConnectorType
from datakit_iac.provider.resource_types.dataset import DataSetType
from datakit_iac.provider.resource_types.fingerprint import fingerprint
from datakit_iac.provider.resource_types.run import RunType
from datakit_iac.provider.resource_types.store import StoreType
from datakit_iac.provider.resource_types.transform import TransformType
from datakit_iac.provider.servicer import Invocation

TYPES: Final[Mapping[str, ResourceType]] = {
    "datakit:index:Connector": ConnectorType(),
    "datakit:index:Store": StoreType(),
    "datakit:index:DataSet": DataSetType(),
    "datakit:index:Transform": TransformType(),
    "datakit:index:Run": RunType(),
}
FUNCTIONS: Final[Mapping[str, Invocation]] = {"datakit:index:fingerprint": fingerprint}
