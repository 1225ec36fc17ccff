"""The calls of the engine that a language host answers."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from importlib import metadata
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import json_format
from pulumi.runtime.proto import language_pb2
from pulumi.runtime.proto.language_pb2_grpc import LanguageRuntimeServicer

from datakit_iac.toolchain.host import child, pcl, program
from datakit_iac.toolchain.host.declaration import declarations
from datakit_iac.toolchain.host.interpreter import InterpreterError, environment_for, interpreter_of, is_ours

RunHere = Callable[[program.Launch], "Future[program.Outcome]"]
"""Has a program run on the main thread of this process."""


class LanguageHost(LanguageRuntimeServicer):
    """Answers the engine: runs programs here or by the interpreter they name, and plugins as children.

    `front` answers the calls that come before.

    Args:
        engine: The engine's address.
        run_here: Has a program run on the main thread of this process.
        children: Where child processes are kept.
        interrupt: Interrupts the program that runs here.
    """

    def __init__(self, engine: str, run_here: RunHere, children: child.Children, interrupt: Callable[[], None]) -> None:
        self._run_here = run_here
        self._children = children
        self._interrupt = interrupt
        self._engine = engine
        self._has_run = threading.Event()

    def About(self, request: Any, context: grpc.ServicerContext) -> Any:
        """The interpreter, for `pulumi about`."""
        return language_pb2.AboutResponse(executable=sys.executable, version=platform.python_version())

    def GetRequiredPlugins(self, request: Any, context: grpc.ServicerContext) -> Any:
        """None: nothing is installed by this language host."""
        return language_pb2.GetRequiredPluginsResponse()

    def InstallDependencies(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        """Install nothing: packages come from a project's own set-up; only its interpreter must be there."""
        python = self._interpreter(request.info, context, default="venv" if request.is_plugin else "")
        message = f"Nothing is installed by this language host; {python} is used as it is.\n"
        yield language_pb2.InstallDependenciesResponse(stdout=message.encode())

    def GetProgramDependencies(self, request: Any, context: grpc.ServicerContext) -> Any:
        """The packages installed beside us, for `pulumi about`."""
        found = {dist.metadata["Name"]: dist.version for dist in metadata.distributions()}
        infos = [language_pb2.DependencyInfo(name=name, version=found[name]) for name in sorted(found)]
        return language_pb2.GetProgramDependenciesResponse(dependencies=infos)

    def Run(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Run the program: on our main thread if it is ours and the first, else as a child."""
        options = json_format.MessageToDict(request.info.options)
        try:
            python = interpreter_of(Path(request.info.root_directory), options)
        except InterpreterError as error:
            return language_pb2.RunResponse(error=str(error))
        launch = self._launch(request)
        # A program leaves its modules and the SDK's state behind, so a second one gets a fresh process.
        if is_ours(python.parent.parent) and not self._has_run.is_set():
            self._has_run.set()
            context.add_callback(self._interrupt)
            outcome = self._run_here(launch).result()
        else:
            outcome = child.run_program(self._children, python, launch, os.environ, lambda it: _stop_with(context, it))
        return language_pb2.RunResponse(error=outcome.error, bail=outcome.was_reported)

    def RunPlugin(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        """Run a plugin, a policy pack for instance, and stream what it prints until it ends."""
        python = self._interpreter(request.info, context, default="venv")
        command = child.plugin_command(python, Path(request.info.program_directory) / request.info.entry_point)
        given = dict(pair.partition("=")[::2] for pair in request.env) or dict(os.environ)
        env = environment_for(python, given)
        with self._children.start([*command, *request.args], cwd=request.pwd, env=env, piped=True) as plugin:
            _stop_with(context, plugin)
            for output in child.outputs(plugin):
                if output.is_error:
                    yield language_pb2.RunPluginResponse(stderr=output.data)
                else:
                    yield language_pb2.RunPluginResponse(stdout=output.data)
            yield language_pb2.RunPluginResponse(exitcode=plugin.wait())

    def GenerateProgram(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Python that declares what `pulumi import` imported."""
        try:
            written = declarations("\n".join(request.source.values()))
        except pcl.PclError as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"no declaration can be written: {error}")
        return language_pb2.GenerateProgramResponse(source={"__main__.py": written.encode()})

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Interrupt the program and stop every child."""
        from google.protobuf import empty_pb2

        self._interrupt()
        self._children.stop()
        return empty_pb2.Empty()

    def _interpreter(self, info: Any, context: grpc.ServicerContext, default: str) -> Path:
        options = json_format.MessageToDict(info.options)
        try:
            return interpreter_of(Path(info.root_directory), options, default=default)
        except InterpreterError as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))

    def _launch(self, request: Any) -> program.Launch:
        info = request.info
        return program.Launch(
            program=info.entry_point or ".",
            pwd=request.pwd or info.program_directory,
            root_directory=info.root_directory,
            project=request.project,
            stack=request.stack,
            organization=request.organization,
            monitor=request.monitor_address,
            engine=self._engine,
            parallel=request.parallel,
            dry_run=request.dryRun,
            args=list(request.args),
            config=dict(request.config),
            secret_keys=list(request.configSecretKeys),
        )


def _stop_with(context: grpc.ServicerContext, process: subprocess.Popen[bytes]) -> None:
    """Stop a child when the engine ends or cancels the call it serves."""
    context.add_callback(lambda: child.stop(process))
