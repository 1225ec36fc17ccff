"""The kinds of manifest there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from datakit_iac.manifest.connector import Connector
from datakit_iac.manifest.dataset import DataSet, DataSetGroup
from datakit_iac.manifest.document import Manifest
from datakit_iac.manifest.environment import Environment
from datakit_iac.manifest.policy import Policy
from datakit_iac.manifest.store import Store
from datakit_iac.manifest.transform import Transform

KINDS: Final[Mapping[str, type[Manifest]]] = {
    kind.__name__: kind for kind in (Connector, Store, DataSet, DataSetGroup, Transform, Environment, Policy)
}
