"""The kinds of manifest there are."""

from __future__ import annotations

from typing import Final

from datakit_iac.manifest.connector import Connector
from datakit_iac.manifest.dataset import DataSet, DataSetGroup
from datakit_iac.manifest.document import Manifest
from datakit_iac.manifest.environment import Environment
from datakit_iac.manifest.policy import Policy
from datakit_iac.manifest.store import Store
from datakit_iac.manifest.transform import Transform

KINDS: Final[dict[str, type[Manifest]]] = {
    "Connector": Connector,
    "Store": Store,
    "DataSet": DataSet,
    "DataSetGroup": DataSetGroup,
    "Transform": Transform,
    "Environment": Environment,
    "Policy": Policy,
}
