"""What a Transform's process is given: its variables, and its share of processors, memory and disk."""

from collections.abc import Mapping
from typing import Annotated, Final, Self

from pydantic import BeforeValidator, Field, model_validator

from datakit_iac.manifest.models.document import Model, Quantity, number_as_text
from datakit_iac.manifest.values.quantity import amount

KUBERNETES_NAME: Final = r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$"
"""A name of Kubernetes (RFC 1123, subdomain)."""


class KeyReference(Model):
    """A key of a Kubernetes Secret or ConfigMap."""

    name: Annotated[str, Field(pattern=KUBERNETES_NAME)]
    key: Annotated[str, Field(pattern=r"^[-._a-zA-Z0-9]{1,253}$")]


class ValueFrom(Model):
    """Where the value of a variable is kept: exactly one of the two."""

    secret_key_ref: KeyReference | None = None
    config_map_key_ref: KeyReference | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        """A value is kept in one place."""
        if (self.secret_key_ref is None) == (self.config_map_key_ref is None):
            raise ValueError("exactly one of secretKeyRef and configMapKeyRef is expected")
        return self


VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class EnvironmentVariable(Model):
    """One variable of a job's process: a value, or where it is kept."""

    name: VariableName
    value: str | None = None
    value_from: ValueFrom | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        """A variable has a value, or says where it is kept."""
        if (self.value is None) == (self.value_from is None):
            raise ValueError(f"exactly one of value and valueFrom is expected for {self.name}")
        return self


Amount = Annotated[Quantity, BeforeValidator(number_as_text, json_schema_input_type=str | float)]


class ResourceAmounts(Model):
    """Processors, memory and disk, as Kubernetes writes quantities."""

    cpu: Amount | None = None
    memory: Amount | None = None
    ephemeral_storage: Amount | None = None


class Resources(Model):
    """What a job is given, and what it may use at most."""

    requests: ResourceAmounts = ResourceAmounts.blank()
    limits: ResourceAmounts = ResourceAmounts.blank()

    @model_validator(mode="after")
    def _requests_within_limits(self) -> Self:
        """Nothing is requested beyond its limit."""
        for name in ("cpu", "memory", "ephemeral_storage"):
            asked, most = getattr(self.requests, name), getattr(self.limits, name)
            if asked and most and amount(asked) > amount(most):
                raise ValueError(f"it requests {name} {asked}, more than its limit {most}")
        return self


def amounts(value: object) -> object:
    """Requests and limits, where amounts of both may stand for them."""
    flat = ("cpu", "memory", "ephemeralStorage")
    if not isinstance(value, Mapping) or {*flat}.isdisjoint(value) or not {"requests", "limits"}.isdisjoint(value):
        return value
    both = {name: each for name, each in value.items() if name in flat}
    rest = {name: each for name, each in value.items() if name not in flat}
    return {**rest, "requests": both, "limits": both}
