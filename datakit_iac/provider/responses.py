"""What the engine is answered, in its protocol: differences, and failures with what was made before them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import Any, Final, NoReturn

import grpc
from pulumi.runtime.proto import provider_pb2, status_pb2

from datakit_iac.findings.sensitive import without_passwords
from datakit_iac.findings.visible import visible
from datakit_iac.manifest.redaction import Redaction, secrets_in
from datakit_iac.provider import property_values as properties
from datakit_iac.provider.protocol import Difference, PartialError

_KINDS: Final = {
    "add": provider_pb2.PropertyDiff.ADD,
    "update": provider_pb2.PropertyDiff.UPDATE,
    "delete": provider_pb2.PropertyDiff.DELETE,
}
_REPLACING: Final = {
    "add": provider_pb2.PropertyDiff.ADD_REPLACE,
    "update": provider_pb2.PropertyDiff.UPDATE_REPLACE,
    "delete": provider_pb2.PropertyDiff.DELETE_REPLACE,
}


def diff_response(difference: Difference, ignored: Collection[str]) -> Any:
    """What differs between old and new inputs, apart from the properties that the program ignores."""
    changed = {path: kind for path, kind in difference.changed.items() if path not in ignored}
    some, none = provider_pb2.DiffResponse.DIFF_SOME, provider_pb2.DiffResponse.DIFF_NONE
    return provider_pb2.DiffResponse(
        changes=some if changed else none,
        diffs=list(changed),
        replaces=[path for path in difference.replace if path in changed],
        hasDetailedDiff=True,
        detailedDiff={
            path: provider_pb2.PropertyDiff(
                kind=(_REPLACING if path in difference.replace else _KINDS)[kind], inputDiff=True
            )
            for path, kind in changed.items()
        },
    )


def printable(text: str, properties: object) -> str:
    """The text without any secret that the properties hold, and with everything in it seen."""
    return visible(Redaction(secrets_in(properties))(without_passwords(text)), lines=True)


class _Status(grpc.Status):
    """A status with packed details (google.rpc.Status in the trailer `grpc-status-details-bin`)."""

    def __init__(self, details: str, packed: bytes | None = None) -> None:
        self.code = grpc.StatusCode.UNKNOWN
        self.details = details
        self.trailing_metadata = (("grpc-status-details-bin", packed),) if packed else ()


async def abort(context: Any, text: str, partial_state: PartialError | None = None) -> NoReturn:
    """End a call with a text for the user; with the resource as far as it was made, where that is known."""
    packed = None
    if partial_state is not None:
        failed = provider_pb2.ErrorResourceInitFailed(
            id=partial_state.id, properties=properties.write(partial_state.properties), reasons=[text]
        )
        status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=text)
        status.details.add().Pack(failed)
        packed = status.SerializeToString()
    abort: Callable[[grpc.Status], Awaitable[NoReturn]] = context.abort_with_status
    await abort(_Status(text, packed))
    raise AssertionError("an aborted call does not return")
