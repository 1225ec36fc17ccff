"""A technology's connection as a model: what is checked, shown and documented of it comes from there."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Annotated, Any, Final, cast, get_args

from pydantic import ConfigDict, Field, ValidationError, WithJsonSchema
from pydantic_core import ErrorDetails

from datakit_iac import installed
from datakit_iac.findings.fault import Fault
from datakit_iac.findings.nearest import nearest
from datakit_iac.manifest import wording
from datakit_iac.manifest.models.document import Model
from datakit_iac.manifest.values.secret import quoted

GROUP: Final = "datakit.connections"
"""Of the models of technologies that need not be installed themselves, so that their bindings are checked too."""

Text = Annotated[str, Field(min_length=1)]
PortNumber = Annotated[int, Field(ge=1, le=65535)]

_SECRET: Final = WithJsonSchema({"type": "string", "writeOnly": True})
SecretText = Annotated[str, _SECRET]
"""A field whose value is a secret: it is given under `secrets`."""


class ConnectionModel(Model):
    """What a Store of one technology is reached by; names are as its own tools spell them, in camelCase.

    >>> class Warehouse(ConnectionModel):
    ...     host: Text = Field(description="The server's name.")
    ...     port: PortNumber = 5432
    ...     password: SecretText | None = None
    >>> for fault in Warehouse.faults("acme", {"hots": "x", "port": 0}, ["passwd"]):
    ...     print(fault.code, fault.path, fault)
    unknown-field ('secrets', 'passwd') acme has no secret 'passwd'; did you mean 'password'?
    missing-field ('host',) acme needs `host`; The server's name.
    invalid-value ('port',) port is 0; expected 1 or more
    unknown-field ('hots',) acme has no option 'hots'; did you mean 'host'?
    """

    model_config = ConfigDict(populate_by_name=False)

    @classmethod
    def faults(cls, technology: str, options: Mapping[str, Any], secrets: Collection[str] = ()) -> list[Fault]:
        """What is wrong with a connection, each at its field.

        Args:
            technology: the technology's name.
            options: what is not secret.
            secrets: the names of what is.
        """
        hidden = cls.secrets()
        strange, in_clear = sorted({*secrets} - {*hidden}), [name for name in options if name in hidden]
        found = [
            Fault("unknown-field", ("secrets", name), f"{technology} has no secret {name!r}", nearest(name, hidden))
            for name in strange
        ]
        found += [
            Fault("literal-secret", (name,), f"{name} is a secret of {technology}", "reference it under `secrets`")
            for name in in_clear
        ]
        given = {**options, **{name: "" for name in (*secrets, *in_clear) if name in hidden}}
        try:
            cls.model_validate(given)
        except ValidationError as invalid:
            found += [cls._fault(technology, error) for error in invalid.errors()]
        return found

    @classmethod
    @cache  # asked for at each check of a Store, and pydantic makes the schema each time
    def secrets(cls) -> tuple[str, ...]:
        """The names of the fields that are secret."""
        return tuple(row["name"] for row in cls.fields() if row["secret"])

    @classmethod
    def fields(cls) -> list[dict[str, Any]]:
        """For people: the name of each field, whether it is required and secret, its default and description."""
        properties = cls.model_json_schema().get("properties", {})
        return [
            {
                "name": name,
                "required": cls._of(name).is_required(),
                "secret": "writeOnly" in str(said),
                "default": said.get("default"),
                "description": said.get("description", ""),
            }
            for name, said in properties.items()
        ]

    @classmethod
    def _of(cls, name: str) -> Any:
        return next((field for key, field in cls.model_fields.items() if name in (key, field.alias)), None)

    @classmethod
    def _holding(cls, path: Sequence[str | int]) -> type[ConnectionModel]:
        """The model that has the field at a path: this one, or one within it."""
        model: type[ConnectionModel] = cls
        for step in path[:-1]:
            if field := model._of(str(step)):  # else it is a number in a list, or what pydantic calls a choice
                model = _model_in(field.annotation) or model
        return model

    @classmethod
    def _fault(cls, technology: str, error: ErrorDetails) -> Fault:
        path = error["loc"]
        name = ".".join(map(str, path))
        match error["type"]:
            case "extra_forbidden":
                known = [row["name"] for row in cls._holding(path).fields() if not row["secret"]]
                hint = nearest(str(path[-1]), known)
                return Fault("unknown-field", path, f"{technology} has no option {name!r}", hint)
            case "missing":
                field = cls._holding(path)._of(str(path[-1])) or cls._of(str(path[0]))
                under = ("secrets", *path) if name in cls.secrets() else path
                return Fault("missing-field", under, f"{technology} needs `{name}`", field.description or "")
            case "value_error":
                return Fault("invalid-value", path, str(error["ctx"]["error"]))
        found = quoted(name, error["input"])
        return Fault("invalid-value", path, f"{name} is {found}; expected {wording.expected(error)}")


def _model_in(annotation: Any) -> type[ConnectionModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, ConnectionModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)


def described(technology: str) -> type[ConnectionModel] | None:
    """The model of a technology that is described here though it may not be installed; None where it is not."""
    if not installed.has(GROUP, technology):
        return None
    (point, *_) = installed.points(GROUP, technology)
    return cast("type[ConnectionModel]", point.load())
