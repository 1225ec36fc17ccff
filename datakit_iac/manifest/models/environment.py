"""Environment: what is allowed in dev, stage or prod, and what the Stores' names mean there."""

from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal, NamedTuple, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from datakit_iac.findings.sensitive import without_passwords
from datakit_iac.manifest.models.document import Manifest, Model, Name, Quantity, SecretReference, nothing, repeated
from datakit_iac.manifest.values.duration import Duration, Retention
from datakit_iac.manifest.values.open_names import DEFAULT_EXECUTOR, open_name
from datakit_iac.manifest.values.place_kinds import PLACES

ApprovalMode = Literal["auto-merge", "team", "multi-party"]

_LEAST: Final[dict[ApprovalMode, int]] = {"auto-merge": 0, "team": 1, "multi-party": 2}
"""How many people other than the author must agree, whatever else is asked for."""


class AllowedConnector(Model):
    """A Connector that may be used, and in which versions."""

    name: Name
    version: str = ""


class Approval(Model):
    """Who must agree before something is applied."""

    mode: ApprovalMode = "auto-merge"
    required: int | None = None
    approvers: list[str] = Field(default_factory=nothing)
    max_age: Duration | None = None

    @model_validator(mode="after")
    def _can_be_given(self) -> Self:
        """As many must agree as the mode asks for, and there are as many people."""
        least = _LEAST[self.mode]
        if self.required is not None and self.required < least:
            raise ValueError(f"{self.mode} asks for at least {least}; `required` can only ask for more")
        if self.approvers and len({each.casefold() for each in self.approvers}) < self.needed:
            raise ValueError(f"{self.needed} must agree, and there are only {len(self.approvers)} approvers")
        return self

    @property
    def needed(self) -> int:
        """How many people other than the author must agree."""
        return max(_LEAST[self.mode], self.required or 0) if self.mode != "auto-merge" else 0


class Quotas(Model):
    """How much an environment may hold and use."""

    transforms: Annotated[int, Field(ge=0)] | None = None
    concurrent_runs: Annotated[int, Field(ge=1)] | None = None
    cpu: Quantity | None = None
    memory: Quantity | None = None
    storage: Quantity | None = None
    min_schedule_interval: Duration | None = None


def _executor(name: str) -> str:
    """The name of an executor: any that may be installed, unless it is a typo of one of datakit's own."""
    return open_name("executors", name, "datakit.executors")


class ExecutorSection(Model):
    """Where jobs run: the name of an executor, and its settings."""

    model_config = ConfigDict(extra="allow")

    type: Annotated[Name, AfterValidator(_executor)] = DEFAULT_EXECUTOR


def _address(text: str) -> str:
    """An address of the web, without a password."""
    parts = urlsplit(text)
    if parts.username or parts.password or "@" in text or without_passwords(text) != text:
        raise ValueError("an address must not contain a password; leave user and password out")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{text!r} is not an address; expected for instance https://lineage.example.com")
    return text


class Lineage(Model):
    """Where OpenLineage events go (https://openlineage.io/docs/spec/producers)."""

    endpoint: Annotated[str, AfterValidator(_address)]
    namespace: str = ""


class Mail(Model):
    """A message by SMTP."""

    to: Annotated[list[Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]], Field(min_length=1)]
    sender: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$", alias="from")]
    server: Annotated[str, Field(pattern=r"^[^:\s]+(:\d{1,5})?$")]
    user: str = ""
    password: SecretReference | None = None
    tls: Literal["starttls", "implicit", "none"] = "starttls"


NotificationEvent = Literal["failure", "recovery", "stale"]
_EVENTS: Final[tuple[NotificationEvent, ...]] = ("failure", "recovery", "stale")


class Notification(Model):
    """Who hears of Runs that a schedule or a change started: by webhook, mail or command; exactly one of these."""

    webhook: Annotated[str, AfterValidator(_address)] | None = None
    secret: SecretReference | None = None
    email: Mail | None = None
    command: list[str] = Field(default_factory=nothing)
    on: Annotated[list[NotificationEvent], Field(min_length=1)] = Field(default_factory=lambda: [*_EVENTS])

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        """It goes one way, and only a webhook is signed."""
        ways = [name for name in ("webhook", "email", "command") if getattr(self, name)]
        if len(ways) != 1:
            found = " and ".join(ways) or "none"
            raise ValueError(f"exactly one of webhook, email and command is expected, found {found}")
        if self.secret and not self.webhook:
            raise ValueError("`secret` signs what a webhook is sent, and means nothing without one")
        return self

    @property
    def way(self) -> str:
        """Where it goes, for people."""
        return self.webhook or (f"mail to {', '.join(self.email.to)}" if self.email else self.command[0])


class BindingSection(Model):
    """What a Store's or DataSet's name means in one environment: a technology and its connection, or a place."""

    model_config = ConfigDict(extra="allow")

    type: Name | None = None
    secrets: dict[str, SecretReference] = Field(default_factory=dict)
    create: bool | None = None
    table: str | None = None
    prefix: str | None = None
    topic: str | None = None
    vars: dict[str, Any] = Field(default_factory=dict)

    @property
    def connection(self) -> dict[str, Any]:
        """The options of a Store's connection: every field that is not one of the binding's own, and its place."""
        place = {field: getattr(self, field) for field in PLACES}
        return {**(self.model_extra or {}), **{field: value for field, value in place.items() if value is not None}}


class Bound(NamedTuple):
    """A binding, and where it is.

    Attributes:
        path: the fields that lead to it.
        key: as it is written.
        binding: what it says.
    """

    path: tuple[str, ...]
    key: str
    binding: BindingSection

    @property
    def name(self) -> str:
        """The Store or DataSet: no name has an underscore, so `_` in a key stands for `-`."""
        return self.key.replace("_", "-")


def _of_mode(value: object) -> object:
    """An approval as a mapping, where its mode may stand for it."""
    return {"mode": value} if isinstance(value, str) else value


def _of_type(value: object) -> object:
    """An executor as a mapping, where its type may stand for it."""
    return {"type": value} if isinstance(value, str) else value


class EnvironmentSpec(Model):
    """The rules of one environment."""

    connectors: list[AllowedConnector] | None = None
    versions: Literal["exact", "ranges"] = "ranges"
    approval: Annotated[Approval, BeforeValidator(_of_mode, json_schema_input_type=ApprovalMode | Approval)] = (
        Approval.blank()
    )
    quotas: Quotas = Quotas.blank()
    executor: Annotated[ExecutorSection, BeforeValidator(_of_type, json_schema_input_type=Name | ExecutorSection)] = (
        ExecutorSection.blank()
    )
    deletion: Literal["retain", "delete"] = "retain"
    lineage: Lineage | None = None
    history: Name | None = None
    history_retention: Retention = "90d"
    notify: list[Notification] = Field(default_factory=nothing)
    vars: dict[str, Any] = Field(default_factory=dict)
    bindings_required: bool = False
    bindings: dict[str, BindingSection] = Field(default_factory=dict)


class Environment(Manifest):
    """One environment; its name is the Pulumi stack's. `bindings` are at the top level or under `spec`."""

    kind: Literal["Environment"] = "Environment"
    spec: EnvironmentSpec = EnvironmentSpec.blank()
    bindings: dict[str, BindingSection] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _bound_once(self) -> Self:
        """No name is bound twice in one Environment."""
        if twice := repeated([each.name for each in self.bound()]):
            raise ValueError(f"bound twice: {', '.join(twice)}; `-` and `_` are the same, at the top and under spec")
        return self

    def bound(self) -> Iterator[Bound]:
        """Every binding, those at the top level first."""
        for path, bindings in ((("bindings",), self.bindings), (("spec", "bindings"), self.spec.bindings)):
            for key, binding in bindings.items():
                yield Bound((*path, key), key, binding)
