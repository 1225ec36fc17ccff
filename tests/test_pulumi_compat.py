"""What the SDK has under no public name is used in one module, which does without it where a later SDK has none."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime import resource
from pulumi.runtime.proto import source_pb2

from datakit_iac.pulumi_compat import protocol_alone, registered_at, root_directory

PACKAGE = Path(__file__).parents[1] / "datakit_iac"
COMPAT = PACKAGE / "pulumi_compat.py"


def lines() -> list[int]:
    """The lines that the SDK would record of a registration here."""
    trace: Any = resource._get_stack_trace()
    return [frame.pc.line for frame in trace.frames]


# Where a resource is declared.


def test_what_is_registered_within_is_declared_at_the_line_of_the_manifest() -> None:
    own = resource._get_stack_trace
    with registered_at("file:///store/x.yaml", 7):
        assert lines() == [7]
    assert resource._get_stack_trace is own
    with pytest.raises(KeyError), registered_at("file:///store/x.yaml", 7):
        raise KeyError
    assert resource._get_stack_trace is own


def test_the_function_may_be_given_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "_get_stack_trace", lambda depth, *, limit: (depth, limit))
    with registered_at("file:///x.yaml", 7):
        told: Any = resource._get_stack_trace(3, limit=2)  # type: ignore[call-arg]
    assert told.frames[0].pc.line == 7


def test_an_sdk_that_renamed_the_function_records_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(resource, "_get_stack_trace")
    with registered_at("file:///x.yaml", 7):
        assert not hasattr(resource, "_get_stack_trace")
    assert not hasattr(resource, "_get_stack_trace")


@pytest.mark.parametrize("message", ["SourcePosition", "StackTrace", "StackFrame"])
def test_an_sdk_that_renamed_a_message_records_its_own(monkeypatch: pytest.MonkeyPatch, message: str) -> None:
    monkeypatch.delattr(source_pb2, message)
    own = resource._get_stack_trace
    with registered_at("file:///x.yaml", 7):
        assert resource._get_stack_trace is own


# The project's folder.


@pytest.fixture
def below(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder below a Pulumi project, and the working directory."""
    (tmp_path / "Pulumi.yaml").write_text("name: shop\n")
    folder = tmp_path / "stacks" / "prod"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("told", [None, "", "root_directory"])
def test_a_program_that_is_not_told_its_projects_folder_looks_for_it(
    below: Path, monkeypatch: pytest.MonkeyPatch, told: str | None
) -> None:
    monkeypatch.setattr(pulumi, "get_root_directory", lambda: told)
    assert root_directory() == below.parents[1]
    (below.parents[1] / "Pulumi.yaml").unlink()
    assert root_directory() == below


def test_what_the_engine_says_goes_first(below: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi, "get_root_directory", lambda: str(tmp_path / "stacks"))
    assert root_directory() == tmp_path / "stacks"


def test_an_sdk_that_renamed_the_function_leaves_the_looking(below: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(pulumi, "get_root_directory")
    assert root_directory() == below.parents[1]


# The protocol without the SDK.

ALONE = """
import sys
from datakit_iac.pulumi_compat import protocol_alone
with protocol_alone():
    import datakit_iac.provider.messages, datakit_iac.provider.servicer
print("pulumi" in sys.modules)
import pulumi, pulumi.automation
from pulumi.runtime.proto import provider_pb2
print(pulumi.ResourceOptions(protect=True).protect, provider_pb2.CheckResponse.__name__)
"""


def test_the_provider_starts_without_the_sdk_which_can_be_imported_later() -> None:
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["False", "True", "CheckResponse"]


def test_an_sdk_that_is_loaded_stays() -> None:
    with protocol_alone():
        assert sys.modules["pulumi"] is pulumi


# Nothing else.

WITHOUT = """
import sys
import pulumi, pulumi.automation
for name in ("pulumi.runtime._grpc_settings", "pulumi.automation._server"):
    sys.modules[name] = None
"""


@pytest.mark.parametrize(
    "statement",
    [
        "from datakit_iac.toolchain.host.servicer import LanguageHost as H; print(H.About(None, None, None).version)",
        "import datakit_iac.toolchain.host.program, datakit_iac.resources.platform; print(3)",
    ],
)
def test_an_sdk_without_its_private_modules_does(statement: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT + statement], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.startswith("3")


def private_names(file: Path) -> Iterator[str]:
    """The names of Pulumi's SDK that begin with an underscore, in a module: imported, or asked of what is imported."""
    tree = ast.parse(file.read_text())
    imported = set()
    for node in ast.walk(tree):
        modules = [each.name for each in node.names] if isinstance(node, ast.Import) else []
        modules += [f"{node.module}.{each.name}" for each in node.names] if isinstance(node, ast.ImportFrom) else []
        ours = [each for each in modules if each.split(".")[0] == "pulumi"]
        yield from (each for each in ours if any(part.startswith("_") for part in each.split(".")))
        if ours and isinstance(node, ast.Import | ast.ImportFrom):
            imported |= {(each.asname or each.name).split(".")[0] for each in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__"):
            root: ast.expr = node
            while isinstance(root, ast.Attribute):
                root = root.value
            if isinstance(root, ast.Name) and root.id in imported:
                yield f"{root.id}.….{node.attr}"


def test_no_other_module_uses_a_private_name_of_the_sdk() -> None:
    used = {str(file.relative_to(PACKAGE)): [*private_names(file)] for file in PACKAGE.rglob("*.py") if file != COMPAT}
    assert {file: names for file, names in used.items() if names} == {}


def test_a_private_name_is_seen_however_it_is_used(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text(
        "import pulumi\nfrom pulumi.runtime import resource as r, _x\nfrom pulumi.automation._server import Y\n"
        "pulumi.runtime._z, r._w(), pulumi.__file__, other._v\n"
    )
    assert [*private_names(module)] == [
        "pulumi.runtime._x", "pulumi.automation._server.Y", "pulumi.…._z", "r.…._w",
    ]  # fmt: skip
