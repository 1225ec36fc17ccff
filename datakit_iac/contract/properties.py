"""The names of resources' properties: in the state, in manifests and in Python."""

from __future__ import annotations

from typing import Any, Final

from pydantic.alias_generators import to_camel

from datakit_iac.contract.shapes import Contract
from datakit_iac.manifest.models.dataset import DataSetSpec
from datakit_iac.manifest.models.document import Model

_ONLY_IN_MANIFESTS: Final = frozenset({"version", "schema_ref", "dev", "previous_names"})
"""What only manifests say of a DataSet; its former names are aliases."""


def property_names(shape: type[Model]) -> dict[str, str]:
    """The properties of a shape that a resource has, by the names of its fields in Python.

    >>> from datakit_iac.contract.shapes import StoreReference
    >>> property_names(StoreReference)
    {'name': 'name', 'technology': 'technology', 'connection': 'connection', 'secrets': 'secrets'}
    """
    hidden = _ONLY_IN_MANIFESTS if issubclass(shape, DataSetSpec) else ()
    return {name: field.alias or name for name, field in shape.model_fields.items() if name not in hidden}


def keyword(name: str, shape: type[Model]) -> str:
    """The argument by which programs say a field: its name, or the manifests' own name for it.

    >>> from datakit_iac.contract.shapes import DataSet
    >>> keyword("columns", DataSet), keyword("external", DataSet)
    ('schema', 'external')
    """
    alias = shape.model_fields[name].alias or name
    return name if alias == to_camel(name) else alias


def arguments(contract: Contract) -> dict[str, Any]:
    """What programs say beside the name and the Store, to have a DataSet of this contract."""
    names = [name for name in property_names(Contract) if name not in ("name", "store")]
    return {keyword(name, Contract): getattr(contract, name) for name in names}
