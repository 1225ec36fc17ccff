"""The protocol of resource types, in plain values; nothing here depends on gRPC."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from datakit_iac.findings.fault import Fault
from datakit_iac.provider.claims import Claims
from datakit_iac.runs.operation import Stop

Properties = Mapping[str, Any]


class PartialError(Exception):
    """An operation failed half way; what exists is recorded, and the next update tries again.

    Attributes:
        id: the resource's ID.
        properties: its outputs as they are now.
        reason: what failed, for the user.
    """

    def __init__(self, resource_id: str, properties: Properties, reason: str) -> None:
        self.id, self.properties, self.reason = resource_id, properties, reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Difference:
    """What an update would change.

    Attributes:
        changed: each property that differs and how: added, updated, deleted.
        replace: the properties that make a new resource necessary.
    """

    changed: Mapping[str, Literal["add", "update", "delete"]] = field(default_factory=dict)
    replace: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """One operation on one resource.

    Attributes:
        urn: the resource's name in the stack (``urn:pulumi:STACK::PROJECT::TYPE::NAME``).
        preview: whether nothing may be touched.
        tell: shows a message under the resource.
        warn: the same, as a warning.
        status: shows what is being done, replacing the last.
        cancel: set when the operation is to stop.
        is_listed: whether the preview is made for a list of what could be imported.
        claims: whose each place is in this update.
    """

    urn: str
    preview: bool
    tell: Callable[[str], None]
    warn: Callable[[str], None]
    status: Callable[[str], None]
    cancel: Stop
    claims: Claims
    is_listed: bool = False

    @property
    def name(self) -> str:
        """The resource's name in its program."""
        return self.urn.rpartition("::")[2]

    @property
    def stack(self) -> str:
        """``project/stack``, the owner of what we create."""
        stack, project = self.urn.removeprefix("urn:pulumi:").split("::")[:2]
        return f"{project}/{stack}"

    @property
    def environment(self) -> str:
        """The environment's name, which is the stack's."""
        return self.stack.rpartition("/")[2]


class ResourceType(Protocol):
    """One type of resource. Properties are plain values; secrets are `Secret`, values not known yet `UNKNOWN`."""

    def check(self, old: Properties, new: Properties, call: Call) -> list[Fault]:
        """Faults of the new inputs, also against the old ones (empty for a new resource); no Store is opened."""

    def diff(self, old: Properties, new: Properties, state: Properties) -> Difference:
        """What differs between old and new inputs. Pure."""

    def create(self, new: Properties, call: Call) -> tuple[str, Properties]:
        """Make it, or adopt what an earlier try made; ID and outputs.

        Raises:
            NotDoneError: nothing was made.
            PartialError: something was.
        """

    def read(
        self, resource_id: str, inputs: Properties, state: Properties, call: Call
    ) -> tuple[Properties, Properties] | None:
        """Inputs and outputs as they really are; None where it is gone."""

    def update(self, old: Properties, new: Properties, state: Properties, call: Call) -> Properties:
        """Carry out the difference; the outputs. Raises as `create` does."""

    def delete(self, inputs: Properties, state: Properties, call: Call) -> None:
        """Remove it as far as that loses no data. Raises `NotDoneError`."""
