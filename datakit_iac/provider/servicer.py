"""The gRPC face of the provider (`sdk/proto/pulumi/provider.proto`), over the SDK's generated classes.

The SDK's own servicer cannot report a partly created resource, loses the old inputs, and puts tracebacks in front of
users; so this one layer is ours, and thin: it decodes, calls a `ResourceType` in a thread, encodes.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, TypeVar

from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from datakit_iac.contract.state import NewerStateError, current, versioned
from datakit_iac.executors.protocol import Cancelled
from datakit_iac.findings.fault import Fault
from datakit_iac.provider import property_values as properties
from datakit_iac.provider.claims import Claims
from datakit_iac.provider.messages import Engine
from datakit_iac.provider.protocol import Call, PartialError, Properties, ResourceType
from datakit_iac.provider.responses import abort, diff_response, printable
from datakit_iac.provider.store_secrets import StoreSecrets
from datakit_iac.runs.operation import NotDoneError, Stop
from datakit_iac.technologies.technology import StoreError

THREADS: Final = 32
"""Operations at once; the engine's own bound is four for each core."""

Invocation = Callable[[Properties, Call], Properties]
"""A function of the provider, from arguments to results."""

Answer = TypeVar("Answer")


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """Answers the engine.

    Args:
        version: the plugin's version.
        schema: the package schema, JSON.
        types: a `ResourceType` for each type token, e.g. ``datakit:index:DataSet``.
        functions: an `Invocation` for each function token.
        engine: where messages go.
    """

    def __init__(
        self,
        version: str,
        schema: str,
        types: Mapping[str, ResourceType],
        functions: Mapping[str, Invocation],
        engine: Engine,
    ) -> None:
        self._version, self._schema = version, schema
        self._types, self._functions, self._engine = types, functions, engine
        self._stops, self._is_cancelled, self._claims = set[Stop](), False, Claims()
        self._secrets = StoreSecrets()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="datakit")

    # The provider as a whole.

    async def Handshake(self, request: Any, context: Any) -> Any:
        """Say what we understand."""
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    async def GetPluginInfo(self, request: Any, context: Any) -> Any:
        """Say our version."""
        return plugin_pb2.PluginInfo(version=self._version)

    async def GetSchema(self, request: Any, context: Any) -> Any:
        """Hand out the package schema."""
        return provider_pb2.GetSchemaResponse(schema=self._schema)

    async def CheckConfig(self, request: Any, context: Any) -> Any:
        """Take what a program configures: the secrets of Stores."""
        return provider_pb2.CheckResponse(inputs=request.news)

    async def DiffConfig(self, request: Any, context: Any) -> Any:
        """Say what differs between two configurations."""
        difference = self._secrets.difference(properties.read(request.old_inputs), properties.read(request.news))
        return diff_response(difference, request.ignoreChanges)

    async def Configure(self, request: Any, context: Any) -> Any:
        """Agree on secrets and previews; nothing is connected yet. An engine begins each update with it."""
        self._claims.begin()
        self._secrets.configure(properties.read(request.args))
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    async def Cancel(self, request: Any, context: Any) -> Any:
        """Stop what runs, and what is still to begin."""
        self._is_cancelled = True
        for stop in self._stops:
            stop.set()
        return Empty()

    async def Invoke(self, request: Any, context: Any) -> Any:
        """Call a function. What only the update will know is left out: the engine takes no result that is unknown."""
        function = self._functions[request.tok]
        arguments = self._secrets.given("", properties.read(request.args))
        results = await self._in_thread(context, request, arguments, partial(function, arguments))
        answer = provider_pb2.InvokeResponse()
        known = {name: value for name, value in results.items() if not properties.has_unknowns(value)}
        getattr(answer, "return").CopyFrom(properties.write(known))  # a keyword of Python
        return answer

    # One resource.

    async def Check(self, request: Any, context: Any) -> Any:
        """Find the faults of new inputs."""
        old, new = await _inputs(context, request.olds), await _inputs(context, request.news, of_program=True)
        recorded = versioned(self._secrets.taken(request.urn, new))
        before, after = (self._secrets.given(request.urn, each) for each in (old, new))
        operation = partial(self._type(request).check, before, after)
        faults: list[Fault] = await self._in_thread(context, request, [before, after], operation)
        # Without `property`: the engine would print the property's whole value before the reason.
        failures = [provider_pb2.CheckFailure(reason=printable(fault.line, [before, after])) for fault in faults]
        return provider_pb2.CheckResponse(inputs=properties.write(recorded), failures=failures)

    async def Diff(self, request: Any, context: Any) -> Any:
        """Say what differs between old and new inputs."""
        old, new = await _inputs(context, request.old_inputs), await _inputs(context, request.news)
        before, after = self._secrets.compared(request.urn, old, new)
        state, kind = properties.read(request.olds), self._type(request)
        difference = await self._in_thread(context, request, [before, after], lambda _: kind.diff(before, after, state))
        return diff_response(difference, request.ignoreChanges)

    async def Create(self, request: Any, context: Any) -> Any:
        """Make a resource."""
        new = self._secrets.given(request.urn, await _inputs(context, request.properties))
        operation = partial(self._type(request).create, new)
        resource_id, outputs = await self._in_thread(context, request, new, operation)
        return provider_pb2.CreateResponse(id=resource_id, properties=properties.write(outputs))

    async def Read(self, request: Any, context: Any) -> Any:
        """Find a resource as it really is."""
        inputs = self._secrets.given(request.urn, await _inputs(context, request.inputs))
        state = properties.read(request.properties)
        operation = partial(self._type(request).read, request.id, inputs, state)
        found = await self._in_thread(context, request, inputs, operation)
        if found is None:
            return provider_pb2.ReadResponse()
        live_inputs, outputs = found
        recorded = versioned(self._secrets.recorded(request.urn, live_inputs))
        return provider_pb2.ReadResponse(
            id=request.id, inputs=properties.write(recorded), properties=properties.write(outputs)
        )

    async def Update(self, request: Any, context: Any) -> Any:
        """Carry out a difference."""
        old = await _inputs(context, request.old_inputs)
        new = self._secrets.given(request.urn, await _inputs(context, request.news))
        operation = partial(self._type(request).update, old, new, properties.read(request.olds))
        outputs = await self._in_thread(context, request, [old, new], operation)
        return provider_pb2.UpdateResponse(properties=properties.write(outputs))

    async def Delete(self, request: Any, context: Any) -> Any:
        """Remove a resource."""
        inputs = self._secrets.given(request.urn, await _inputs(context, request.old_inputs))
        state = properties.read(request.properties)
        operation = partial(self._type(request).delete, inputs, state)
        await self._in_thread(context, request, inputs, operation)
        return Empty()

    def _type(self, request: Any) -> ResourceType:
        return self._types[request.urn.split("::")[2].rpartition("$")[2]]

    def _call(self, request: Any, secretive: object, stop: Stop) -> Call:
        def message(show: Callable[[str, str], None]) -> Callable[[str], None]:
            return lambda text: show(urn, printable(text, secretive))

        urn = getattr(request, "urn", "")
        return Call(
            urn=urn,
            preview=getattr(request, "preview", False),
            tell=message(self._engine.tell),
            warn=message(partial(self._engine.tell, warning=True)),
            status=message(self._engine.status),
            cancel=stop,
            claims=self._claims,
            is_listed=self._engine.lists_imports,
        )

    async def _in_thread(
        self, context: Any, request: Any, secretive: object, operation: Callable[[Call], Answer]
    ) -> Answer:
        """Run an operation beside the event loop, so that Cancel is heard; turn its failure into a status."""
        try:
            with self._stoppable(getattr(request, "timeout", 0)) as stop:
                call = self._call(request, secretive, stop)
                return await asyncio.get_running_loop().run_in_executor(self._threads, operation, call)
        except PartialError as failure:
            await abort(context, printable(failure.reason, secretive), failure)
        except Cancelled:
            await abort(context, stop.reason)
        except (NotDoneError, StoreError) as failure:
            await abort(context, printable(str(failure), secretive))
        except Exception as failure:
            frame = traceback.extract_tb(failure.__traceback__)[-1]
            where = f"{frame.name}, line {frame.lineno}"
            text = f"internal error (please report it): {type(failure).__name__} in {where}: {failure}"
            await abort(context, printable(text, secretive))
        raise AssertionError("an aborted call does not return")

    @contextmanager
    def _stoppable(self, timeout: float) -> Iterator[Stop]:
        """What stops one operation: a Cancel, or the end of the time that its `customTimeouts` give it."""
        stop = Stop()
        if self._is_cancelled:
            stop.set()
        reason = f"stopped: it took longer than the {timeout:g} seconds of its customTimeouts"
        alarm = asyncio.get_running_loop().call_later(timeout, stop.because, reason) if timeout else None
        self._stops.add(stop)
        try:
            yield stop
        finally:
            self._stops.discard(stop)
            if alarm:
                alarm.cancel()


async def _inputs(context: Any, struct: Struct, *, of_program: bool = False) -> dict[str, Any]:
    """Inputs in the format of today, as a program of today says them, or as a state has kept them."""
    inputs = properties.read(struct)
    try:
        return current({**versioned({}), **inputs} if of_program else inputs)
    except NewerStateError as newer:
        return await abort(context, str(newer))
