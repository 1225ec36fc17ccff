"""Writing a manifest as YAML, as people write them: what is read back is equal to what was written."""

from __future__ import annotations

from typing import Any

import yaml

from datakit_iac.findings.visible import visible
from datakit_iac.manifest.models.document import Manifest

_WIDTH = 120


def to_yaml(manifest: Manifest) -> str:
    r"""One document: kind and name first, then every field that is not as it is by default.

    >>> from datakit_iac.manifest.models.dataset import DataSet, DataSetSpec
    >>> print(to_yaml(DataSet(metadata={"name": "users"}, spec=DataSetSpec(store="warehouse", table="raw.users"))))
    apiVersion: datakit.infoblox.dev/v1alpha1
    kind: DataSet
    metadata:
      name: users
    spec:
      store: warehouse
      table: raw.users
    <BLANKLINE>
    """
    document = {"apiVersion": manifest.api_version, "kind": manifest.kind}
    document |= manifest.model_dump(by_alias=True, exclude_defaults=True)
    text = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)
    # What is invisible is escaped, in the one way that YAML has: with every letter beyond ASCII.
    if visible(text, lines=True) != text:
        text = yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=_WIDTH)
    return text


class _Dumper(yaml.CSafeDumper):
    """Every value in full, and lists indented below their field."""

    def ignore_aliases(self, data: Any) -> bool:
        return True
