"""The connections of well-known technologies, so that their bindings can be checked where none of their code is."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Any, Final, Literal, NamedTuple

from pydantic import ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from datakit_iac.findings.nearest import nearest
from datakit_iac.manifest import wording
from datakit_iac.manifest.connections import Fault
from datakit_iac.manifest.models.common import Model

Text = Annotated[str, Field(min_length=1)]
PortNumber = Annotated[int, Field(ge=1, le=65535)]


class _Options(Model):
    """What is not secret of one technology's connection; names are as its own tools spell them, in camelCase."""

    model_config = ConfigDict(extra="forbid")


class _Postgres(_Options):
    """As https://www.postgresql.org/docs/current/libpq-connect.html says."""

    host: Text
    port: PortNumber = 5432
    database: Text
    schema_: Text = Field(default="public", alias="schema")
    user: Text | None = None
    sslmode: Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] = "prefer"


class _S3(_Options):
    """As https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html says."""

    bucket: Text
    prefix: str = ""
    region: Text | None = None
    endpoint: Text | None = None
    path_style: bool = False


class _Kafka(_Options):
    """As https://kafka.apache.org/documentation/#producerconfigs says."""

    brokers: Annotated[list[Text], Field(min_length=1)]
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"] | None = None
    username: Text | None = None
    schema_registry: Text | None = None


class _Snowflake(_Options):
    """As https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-connect says."""

    account: Text
    database: Text
    schema_: Text | None = Field(default=None, alias="schema")
    role: Text | None = None
    warehouse: Text | None = None
    user: Text | None = None
    authenticator: Text | None = None


class _Known(NamedTuple):
    options: type[_Options]
    secrets: tuple[str, ...]


_KNOWN: Final = {
    "postgres": _Known(_Postgres, ("password",)),
    "s3": _Known(_S3, ("accessKeyId", "secretAccessKey", "sessionToken")),
    "kafka": _Known(_Kafka, ("password", "schemaRegistryPassword")),
    "snowflake": _Known(_Snowflake, ("password", "privateKey", "privateKeyPassphrase", "token")),
}


TECHNOLOGIES: Final = tuple(_KNOWN)
"""Those whose fields are known."""


def is_known(technology: str) -> bool:
    """Whether the fields of a technology's connection are known here."""
    return technology in _KNOWN


def faults(technology: str, options: Mapping[str, Any], secrets: Collection[str]) -> list[Fault]:
    """What is wrong with a connection of a technology that `is_known`.

    >>> for fault in faults("snowflake", {"acount": "acme", "database": "RAW"}, []):
    ...     print(fault.code, fault.path, fault.hint or fault.message)
    missing-field ('account',) snowflake needs `account`
    unknown-field ('acount',) did you mean 'account'?
    """
    known = _KNOWN[technology]
    names = [field.alias or name for name, field in known.options.model_fields.items()]
    found = [
        Fault("unknown-field", ("secrets", each), f"{technology} has no secret {each!r}", nearest(each, known.secrets))
        for each in sorted(set(secrets).difference(known.secrets))
    ]
    try:
        known.options.model_validate(dict(options))
    except ValidationError as invalid:
        for error in invalid.errors():
            found.append(_fault(technology, names, error))
    return found


def _fault(technology: str, names: list[str], error: ErrorDetails) -> Fault:
    path, name = error["loc"], str(error["loc"][-1])
    match error["type"]:
        case "extra_forbidden":
            return Fault("unknown-field", path, f"{technology} has no option {name!r}", nearest(name, names))
        case "missing":
            return Fault("missing-field", path, f"{technology} needs `{name}`")
    return Fault("invalid-value", path, f"{name}: {wording.sentence(error)}")
