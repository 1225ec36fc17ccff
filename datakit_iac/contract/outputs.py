"""What the provider says of resources beside their inputs."""

from typing import Final

from datakit_iac.manifest.models.document import Model, Name


class Located(Model):
    """The outputs of a Store."""

    location: str


class Made(Model):
    """The outputs of a DataSet."""

    generation: str


class Ran(Model):
    """The outputs of a Run."""

    written: dict[Name, str]
    counts: dict[str, float]
    incomplete: bool = False


OUTPUTS: Final[dict[str, type[Model]]] = {"Store": Located, "DataSet": Made, "Run": Ran}
"""The outputs of each kind of resource that has some."""
