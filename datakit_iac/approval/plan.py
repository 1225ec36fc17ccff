"""A plan as data: what would be done to what, to which project, made when and by whom; and its digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from datakit_iac.manifest import wording
from datakit_iac.manifest.models.environment import Approval

FORMAT: Final = 2
"""The version of the file's format; another one is refused, never guessed at."""


def digest(content: object) -> str:
    """The SHA-256 of plain data, whatever the order of its keys.

    >>> digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    True
    """
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


Urn = Annotated[str, Field(pattern=r"(?s)^urn:pulumi:.*?::.*?::.+?::.+$")]
"""What the engine calls a resource: stack, project, types and name."""


class Operation(_Data):
    """What the engine would do to one resource.

    Attributes:
        urn: the resource.
        op: the engine's word, e.g. ``create``, ``update``, ``delete-replaced``.
        changes: the properties that differ; names only.
        inputs: a digest of what the resource is given, secrets left out; empty where it is given nothing.
    """

    urn: Urn
    op: str
    changes: tuple[str, ...] = ()
    inputs: str = ""

    @property
    def kind(self) -> str:
        """The last word of the resource's type, e.g. ``DataSet``."""
        return self.urn.split("::")[2].rpartition("$")[2].rpartition(":")[2]

    @property
    def name(self) -> str:
        """The resource's name."""
        return self.urn.split("::", 3)[3]

    @property
    def label(self) -> str:
        """What people call it, e.g. ``DataSet users``."""
        return f"{self.kind} {self.name}"

    @property
    def deed(self) -> str:
        """What would happen to it, in one word; what the engine has further words for keeps them."""
        if self.kind == "Run" and self.op in ("create", "update"):
            return "run"
        return _DEEDS.get(self.op, self.op)


_DEEDS: Final = {"create": "created", "update": "altered", "delete": "deleted", "replace": "replaced"}


class Note(_Data):
    """What a check found on the project and let pass."""

    code: str
    severity: str
    message: str


class Subject(_Data):
    """The project that a plan is for, as the program resolved it.

    Attributes:
        project: the Pulumi project's name.
        stack: the Pulumi stack's.
        environment: the Environment's.
        approval: whose agreement it asks for.
        parts: a digest of each manifest as resolved, by kind and name, and of the lock file; so that a refusal can
            say what has changed.
        policies: the rules that looked at it.
        remarks: what they, and the other checks, found and let pass.
        downstream: the Transforms that depend on each DataSet and Run.
    """

    project: str
    stack: str
    environment: str
    approval: Approval
    parts: Mapping[str, str]
    policies: tuple[str, ...] = ()
    remarks: tuple[Note, ...] = ()
    downstream: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)

    @property
    def place(self) -> tuple[str, str, str]:
        """Where it would be applied."""
        return self.project, self.stack, self.environment


class Plan(_Data):
    """What would be done, as it is signed.

    Attributes:
        format: the version of the file's format.
        subject: the project.
        operations: what the engine would do, in the order of URNs.
        follows: the digest of the plan that was applied before, as the state tells; empty where none was. So a plan
            that was applied once is for another state ever after.
        author: who made the plan.
        made: when.
        sealed: the digest of all of this when the plan was made.
    """

    format: Literal[2] = FORMAT
    subject: Subject
    operations: tuple[Operation, ...]
    follows: str = ""
    author: str
    made: AwareDatetime
    sealed: str = Field(default="", alias="digest")

    @property
    def digest(self) -> str:
        """The digest over all of it as it is."""
        return digest(self.model_dump(mode="json", by_alias=True, exclude={"sealed"}))

    def sealed_now(self) -> Self:
        """The same plan with its digest in it."""
        return self.model_copy(update={"sealed": self.digest})


class InvalidPlanError(Exception):
    """A file is not a plan that this version can read; the text says why."""


def make(subject: Subject, operations: tuple[Operation, ...], author: str, *, follows: str = "") -> Plan:
    """A plan made now."""
    made = datetime.now(UTC).replace(microsecond=0)
    return Plan(subject=subject, operations=operations, follows=follows, author=author, made=made).sealed_now()


def write(plan: Plan, file: Path) -> None:
    """Write a plan, and the folders above it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(plan.model_dump(mode="json", by_alias=True), indent=2) + "\n", encoding="utf-8")


def read(file: Path) -> Plan:
    """Read a plan; whether it still is what was signed is verified, not read.

    Raises:
        InvalidPlanError: there is none, or it is broken.
    """
    try:
        return Plan.model_validate_json(file.read_bytes())
    except OSError as fault:
        raise InvalidPlanError(f"{file} cannot be read: {fault.strerror}") from fault
    except ValidationError as invalid:
        first = invalid.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise InvalidPlanError(
            f"{file} is not a plan: {f'{field}: ' if field else ''}{wording.sentence(first)}"
        ) from invalid
