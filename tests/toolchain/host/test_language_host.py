"""The language host under the real engine. Where an official one is installed, the same must hold of that."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import venv
from pathlib import Path

import pytest

from tests.toolchain.conftest import Sandbox

pytestmark = pytest.mark.engine

COMPONENT = """
import pulumi

class Component(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("test:index:Component", name)
        self.register_outputs({})

Component("one")
"""
WAITING = COMPONENT + "\nprint('waiting', flush=True)\nimport time; time.sleep(60)\n"


def wait_for(process: subprocess.Popen[str], word: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if word in line:
            return
    raise AssertionError(f"{word!r} was never printed")


def test_preview_up_and_a_second_up_that_is_empty(sandbox: Sandbox) -> None:
    sandbox.program(COMPONENT)

    assert "+ 2 to create" in sandbox.pulumi("preview").stdout
    assert "+ 2 created" in sandbox.pulumi("up", "--yes", "--skip-preview").stdout
    second = sandbox.pulumi("up", "--yes")
    assert "2 unchanged" in second.stdout
    assert "warning" not in second.stdout


def test_a_program_sees_its_project_configuration_and_secrets(sandbox: Sandbox) -> None:
    sandbox.program(
        "import pulumi, sys, lib\n"
        "config = pulumi.Config()\n"
        "pulumi.export('plain', config.require('plain'))\n"
        "pulumi.export('secret', config.require_secret('hidden'))\n"
        "pulumi.export('names', [pulumi.get_project(), pulumi.get_stack(), pulumi.get_organization()])\n"
        "pulumi.export('prefix', sys.prefix)\n"
    )
    (sandbox.folder / "lib.py").touch()
    sandbox.pulumi("config", "set", "plain", "p1")
    sandbox.pulumi("config", "set", "hidden", "s3cret", "--secret")

    shown = sandbox.pulumi("up", "--yes", "--skip-preview").stdout

    assert '"p1"' in shown
    assert "s3cret" not in shown
    assert f'"{sys.prefix}"' in shown
    assert [name in shown for name in ('"sandbox"', '"dev"', '"organization"')] == [True] * 3


def test_a_run_error_is_its_message_alone(sandbox: Sandbox) -> None:
    sandbox.program("import pulumi\nraise pulumi.RunError('store/x.yaml:3:5: no such store')\n")

    shown = sandbox.pulumi("preview")

    assert shown.returncode != 0
    assert "error: store/x.yaml:3:5: no such store" in shown.stdout
    assert "Traceback" not in shown.stdout


def test_any_other_exception_shows_the_users_frames_once(sandbox: Sandbox) -> None:
    sandbox.program("import pulumi\npulumi.Output.from_input(1).apply(lambda x: x / 0)\n")

    shown = sandbox.pulumi("preview").stdout.partition("Diagnostics:")[2]

    assert shown.count("ZeroDivisionError: division by zero") == 1
    assert shown.count("  File ") == 1
    assert "__main__.py" in shown


def test_a_program_may_end_itself(sandbox: Sandbox) -> None:
    sandbox.program("import sys\nsys.exit(0)\n")
    assert sandbox.pulumi("preview").returncode == 0

    sandbox.program("import sys\nsys.exit('no more')\n")
    assert "no more" in sandbox.pulumi("preview").stdout


def test_a_virtual_environment_that_is_missing_is_told(sandbox: Sandbox) -> None:
    text = (sandbox.folder / "Pulumi.yaml").read_text()
    (sandbox.folder / "Pulumi.yaml").write_text(text.replace(sys.prefix, "no-such-env"))

    shown = sandbox.pulumi("preview")

    assert shown.returncode != 0
    assert "no-such-env" in shown.stdout
    assert "Traceback" not in shown.stdout


@pytest.fixture
def other_environment(sandbox: Sandbox) -> Path:
    """Another virtual environment, which has Pulumi's SDK and is the program's."""
    folder = sandbox.folder / "env"
    venv.create(folder, with_pip=False, symlinks=True)
    packages = next(folder.glob("lib/python3*/site-packages"))
    ours = next(path for path in sys.path if path.endswith("site-packages"))
    (packages / "sdk.pth").write_text(f"{ours}\n")
    text = (sandbox.folder / "Pulumi.yaml").read_text()
    (sandbox.folder / "Pulumi.yaml").write_text(text.replace(sys.prefix, "env"))
    return folder


def test_a_program_runs_by_the_interpreter_it_names(sandbox: Sandbox, other_environment: Path) -> None:
    sandbox.program(COMPONENT + "import sys\npulumi.export('prefix', sys.prefix)\n")

    shown = sandbox.pulumi("up", "--yes", "--skip-preview").stdout

    assert f'"{other_environment}"' in shown
    assert "+ 2 created" in shown


@pytest.mark.usefixtures("other_environment")
def test_errors_of_another_interpreters_program_are_told_once(sandbox: Sandbox) -> None:
    sandbox.program("import pulumi\nraise pulumi.RunError('no such store')\n")

    shown = sandbox.pulumi("preview").stdout.partition("Diagnostics:")[2]

    assert shown.count("no such store") == 1
    assert "exit code" not in shown


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("interpreter", ["ours", "another"])
def test_an_interrupt_ends_quietly_and_at_once(
    sandbox: Sandbox, number: signal.Signals, interpreter: str, request: pytest.FixtureRequest
) -> None:
    if interpreter == "another":
        request.getfixturevalue("other_environment")
    sandbox.program(WAITING)
    running = sandbox.start("up", "--yes", "--skip-preview")
    wait_for(running, "waiting")

    began = time.monotonic()
    running.send_signal(number)
    said, _ = running.communicate(timeout=20)

    assert time.monotonic() - began < 5
    assert running.returncode != 0
    assert "Traceback" not in said
    assert "KeyboardInterrupt" not in said
    assert list(sandbox.folder.glob(".state/.pulumi/locks/**/*.json")) == []


@pytest.mark.usefixtures("other_environment")
def test_nothing_outlives_an_engine_that_is_killed(sandbox: Sandbox) -> None:
    sandbox.program(WAITING)
    running = sandbox.start("up", "--yes", "--skip-preview")
    wait_for(running, "waiting")

    running.kill()
    running.wait()

    assert sandbox.processes_after(5) == []


@pytest.mark.parametrize("interpreter", ["ours", "another"])
def test_a_program_can_clean_up_when_it_is_interrupted(
    sandbox: Sandbox, interpreter: str, request: pytest.FixtureRequest
) -> None:
    if interpreter == "another":
        request.getfixturevalue("other_environment")
    cleaned = sandbox.folder / "cleaned"
    sandbox.program(
        "import time\n"
        "try:\n    print('waiting', flush=True)\n    time.sleep(60)\n"
        f"finally:\n    time.sleep(0.5)\n    open({str(cleaned)!r}, 'w').close()\n"
    )
    running = sandbox.start("preview")
    wait_for(running, "waiting")

    running.send_signal(signal.SIGINT)
    running.communicate(timeout=20)

    deadline = time.monotonic() + 5  # the engine does not wait for its language host
    while not cleaned.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert cleaned.exists()


def test_a_plugin_in_python_is_run_and_its_output_streamed(sandbox: Sandbox) -> None:
    plugin = sandbox.folder / "plugin"
    plugin.mkdir()
    (plugin / "PulumiPlugin.yaml").write_text(f"runtime:\n  name: python\n  options:\n    virtualenv: {sys.prefix}\n")
    (plugin / "__main__.py").write_text(
        "import pulumi\nfrom pulumi.provider.experimental import component_provider_host\n"
        "class Args: pass\n"
        "class Thing(pulumi.ComponentResource):\n"
        "    def __init__(self, name: str, args: Args, opts: pulumi.ResourceOptions | None = None) -> None:\n"
        "        super().__init__('made:index:Thing', name, {}, opts)\n"
        "component_provider_host(name='made', components=[Thing])\n"
    )

    shown = sandbox.pulumi("package", "get-schema", "./plugin")

    assert '"made:index:Thing"' in shown.stdout


def test_a_dynamic_resource_needs_no_plugin_of_its_own(sandbox: Sandbox) -> None:
    sandbox.program(
        "from pulumi.dynamic import CreateResult, Resource, ResourceProvider\n"
        "class Provider(ResourceProvider):\n"
        "    def create(self, props):\n        return CreateResult('1', {})\n"
        "class Thing(Resource):\n"
        "    def __init__(self, name):\n        super().__init__(Provider(), name, {})\n"
        "Thing('one')\n"
    )

    assert "+ 2 created" in sandbox.pulumi("up", "--yes", "--skip-preview").stdout
