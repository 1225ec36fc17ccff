"""What the engine keeps of a stack: one state for each resource, in the order of their registration."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from google.protobuf.struct_pb2 import Struct


@dataclass(frozen=True)
class State:
    """A resource as the last operation left it.

    Attributes:
        urn: its name in the stack.
        id: its ID; empty for a component.
        inputs: those of the last operation.
        outputs: what the provider answered last.
        custom: whether a provider manages it.
        failed: why it is only partly there; the next update updates it, whatever its inputs.
        replaced: a newer resource has its name; it is deleted at the end of an update.
        tainted: the next update replaces it.
    """

    urn: str
    id: str
    inputs: Struct
    outputs: Struct
    custom: bool = True
    failed: str = ""
    replaced: bool = False
    tainted: bool = False

    @property
    def label(self) -> str:
        """Type and name, e.g. ``Run ingest``."""
        return label(self.urn)


@dataclass(frozen=True)
class Snapshot:
    """All states of a stack."""

    states: tuple[State, ...] = ()

    def __iter__(self) -> Iterator[State]:
        return iter(self.states)

    def live(self) -> dict[str, State]:
        """The states that are current, by URN."""
        return {state.urn: state for state in self.states if not state.replaced}

    def named(self, wanted: str) -> State | None:
        """The current state with this label."""
        return next((state for state in self.live().values() if state.label == wanted), None)

    def tainted(self, urn: str) -> Snapshot:
        """The same, one resource of it marked for replacement."""
        return Snapshot(tuple(replace(state, tainted=state.urn == urn or state.tainted) for state in self.states))


@dataclass
class Outcome:
    """What one command did.

    Attributes:
        error: why it failed; empty where it did not.
        operations: what was done to which resource, in this order, e.g. ``("update", "Run ingest")``.
        messages: what was said to the user.
        failed: the resource whose operation failed.
        killed: the operation and the resource at which the update was killed; no operation where it had not begun.
        jobs: the Transforms whose jobs ended well; None where nobody can tell.
    """

    error: str = ""
    failed: str = ""
    killed: tuple[str, str] | None = None
    jobs: list[str] | None = None
    operations: list[tuple[str, str]] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)

    def runs(self) -> list[str]:
        """The Transforms that ran, and whose Runs ended well."""
        return [name for _, label in self.operations if (name := self.run(label))]

    def run(self, label: str) -> str:
        """The Transform that ran, of a resource; a Run may also only have tested again."""
        name = label.removeprefix("Run ")
        return name if label.startswith("Run ") and (self.jobs is None or name in self.jobs) else ""


def label(urn: str) -> str:
    """Type and name of a resource, e.g. ``DataSet users``."""
    kind, _, name = urn.rpartition("::")
    return f"{kind.rpartition(':')[2]} {name}"
