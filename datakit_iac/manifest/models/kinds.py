"""The kinds of manifest there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from datakit_iac.manifest.models.common import Manifest
from datakit_iac.manifest.models.connector import Connector
from datakit_iac.manifest.models.dataset import DataSet, DataSetGroup
from datakit_iac.manifest.models.environment import Environment
from datakit_iac.manifest.models.policy import Policy
from datakit_iac.manifest.models.store import Store
from datakit_iac.manifest.models.transform import Transform

KINDS: Final[Mapping[str, type[Manifest]]] = {
    kind.__name__: kind for kind in (Connector, Store, DataSet, DataSetGroup, Transform, Environment, Policy)
}
