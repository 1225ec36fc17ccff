"""One resource under test, taken through its life as the engine would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pulumi.runtime.proto import provider_pb2

from datakit_iac.provider import property_values
from datakit_iac.provider.protocol import Properties
from datakit_iac.testing.served_provider import OperationError, ServedProvider


@dataclass(frozen=True, slots=True)
class Step:
    """What the engine would do with a resource.

    Attributes:
        kind: what happens.
        changed: the inputs that differ.
        replaces: those of them that make a new resource necessary.
    """

    kind: Literal["same", "create", "update", "replace"]
    changed: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()


class RefusedError(Exception):
    """The provider finds fault with inputs; the text is each reason on a line of its own."""

    def __init__(self, reasons: Sequence[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__("\n".join(reasons))


class Subject:
    """One resource under test, with the state that the engine keeps of it.

    Attributes:
        urn: its name in the stack.
        id: its ID; empty where there is none.
        inputs: those of the last success.
        outputs: what the provider answered last.
        failed: whether it is only partly there, so that the next `up` updates it whatever its inputs.
    """

    def __init__(self, provider: ServedProvider, urn: str) -> None:
        self._provider, self.urn = provider, urn
        self.id, self.failed = "", False
        self.inputs: dict[str, Any] = {}
        self.outputs: dict[str, Any] = {}

    def preview(self, inputs: Properties) -> Step:
        """What an `up` would do; the provider creates or updates as in a preview, which touches nothing.

        Raises:
            RefusedError: the inputs are invalid.
            OperationError: the preview itself failed.
        """
        return self._step(self._checked(inputs))

    def up(self, inputs: Properties) -> Step:
        """Bring the resource to these inputs; after that, another `up` would do nothing.

        Raises:
            RefusedError: the inputs are invalid.
            OperationError: it failed; what was done half way is recorded.
            AssertionError: another `up` would do something, or an update changed the ID.
        """
        new = self._checked(inputs)
        step = self._step(new)
        match step.kind:
            case "create":
                self._create(new)
            case "update":
                self._update(new)
            case "replace":
                old_id, old_inputs, old_outputs = self.id, self.inputs, self.outputs
                self._create(new)
                self._delete(old_id, old_inputs, old_outputs)
        again = self._difference(self._checked(inputs))
        if again.kind != "same":
            raise AssertionError(f"the second up is not empty: {again}")
        return step

    def refresh(self) -> bool:
        """Read it as it really is; whether it is still there.

        Raises:
            OperationError: it cannot be read.
        """
        found = self._read(self.id, self.inputs, self.outputs)
        if not found.id:
            self._record("", {}, {})
            return False
        self.inputs, self.outputs = property_values.read(found.inputs), property_values.read(found.properties)
        return True

    def adopt(self, resource_id: str) -> bool:
        """Import what has this ID; whether there is something.

        Raises:
            OperationError: it cannot be read.
        """
        found = self._read(resource_id, {}, {})
        self.id = found.id
        self.inputs, self.outputs = property_values.read(found.inputs), property_values.read(found.properties)
        return bool(found.id)

    def destroy(self) -> None:
        """Delete it, at the end of an update.

        Raises:
            OperationError: it cannot be deleted.
        """
        self._delete(self.id, self.inputs, self.outputs)
        self._record("", {}, {})
        self._provider.begin()

    def _checked(self, inputs: Properties) -> dict[str, Any]:
        request = provider_pb2.CheckRequest(
            urn=self.urn, olds=property_values.write(self.inputs), news=property_values.write(inputs)
        )
        answer = self._call("Check", request)
        if answer.failures:
            raise RefusedError([failure.reason for failure in answer.failures])
        return property_values.read(answer.inputs)

    def _difference(self, new: Properties) -> Step:
        if not self.id:
            return Step("create")
        request = provider_pb2.DiffRequest(
            id=self.id, urn=self.urn, olds=property_values.write(self.outputs), news=property_values.write(new),
            old_inputs=property_values.write(self.inputs),
        )  # fmt: skip
        answer = self._call("Diff", request)
        changed, replaces = tuple(answer.diffs), tuple(answer.replaces)
        if replaces:
            return Step("replace", changed, replaces)
        some = answer.changes == provider_pb2.DiffResponse.DIFF_SOME or self.failed
        return Step("update" if some else "same", changed)

    def _step(self, new: Properties) -> Step:
        step = self._difference(new)
        if step.kind == "update":
            self._call("Update", self._update_request(new, preview=True))
        elif step.kind != "same":
            self._call("Create", self._create_request(new, preview=True))
        return step

    def _create_request(self, new: Properties, *, preview: bool) -> Any:
        return provider_pb2.CreateRequest(urn=self.urn, properties=property_values.write(new), preview=preview)

    def _update_request(self, new: Properties, *, preview: bool) -> Any:
        return provider_pb2.UpdateRequest(
            id=self.id, urn=self.urn, olds=property_values.write(self.outputs), news=property_values.write(new),
            old_inputs=property_values.write(self.inputs), preview=preview,
        )  # fmt: skip

    def _create(self, new: dict[str, Any]) -> None:
        answer = self._kept(new, "Create", self._create_request(new, preview=False))
        self._record(answer.id, new, property_values.read(answer.properties))

    def _update(self, new: dict[str, Any]) -> None:
        answer = self._kept(new, "Update", self._update_request(new, preview=False))
        self._record(self.id, new, property_values.read(answer.properties))

    def _delete(self, resource_id: str, inputs: Properties, outputs: Properties) -> None:
        request = provider_pb2.DeleteRequest(
            id=resource_id,
            urn=self.urn,
            properties=property_values.write(outputs),
            old_inputs=property_values.write(inputs),
        )
        self._call("Delete", request)

    def _read(self, resource_id: str, inputs: Properties, outputs: Properties) -> Any:
        request = provider_pb2.ReadRequest(
            id=resource_id,
            urn=self.urn,
            inputs=property_values.write(inputs),
            properties=property_values.write(outputs),
        )
        return self._call("Read", request)

    def _record(self, resource_id: str, inputs: dict[str, Any], outputs: dict[str, Any]) -> None:
        self.id, self.inputs, self.outputs, self.failed = resource_id, inputs, outputs, False

    def _kept(self, new: dict[str, Any], method: str, request: object) -> Any:
        """Call; what an operation did half way is recorded as the engine records it."""
        try:
            return self._call(method, request)
        except OperationError as failure:
            if failure.partial is not None:
                self._record(failure.partial["id"], new, failure.partial["properties"])
                self.failed = True
            raise

    def _call(self, method: str, request: object) -> Any:
        return self._provider.call(getattr(self._provider.stub, method), request)
