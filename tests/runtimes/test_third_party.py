"""A runtime and an executor of another package: in manifests, in checks, and in a Run."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.docs.test_examples import shown
from tests.manifest.writing import manifest, write
from tests.packages import install, python

ELSEWHERE = '''
from datakit_iac.sdk.executors import Capabilities, Fault, LocalProcesses


class Elsewhere(LocalProcesses):
    """An executor that sees no file of this machine, and takes a queue."""

    name = "elsewhere"
    capabilities = Capabilities()

    def check(self, settings):
        unknown = [name for name in settings if name != "queue"]
        return [Fault("unknown-field", (name,), f"unknown setting {name!r}", "expected queue") for name in unknown]

    def configured(self, settings):
        return self
'''
DK = "import sys; from datakit_iac.cli import process; sys.exit(process())"


@pytest.fixture
def acme(tmp_path: Path) -> Path:
    """A folder of packages with the runtime `shell` of the documentation and the executor `elsewhere`."""
    packages = tmp_path / "packages"
    packages.mkdir()
    install(
        packages, "acme_runtime", shown("adding-a-runtime.md", "class Shell"),
        {"datakit.runtimes": {"shell": "acme_runtime:Shell"}},
    )  # fmt: skip
    install(packages, "acme_executor", ELSEWHERE, {"datakit.executors": {"elsewhere": "acme_executor:Elsewhere"}})
    return packages


def project(root: Path, transform: str, executor: str = "local") -> Path:
    (root / "inbox").mkdir(parents=True)
    return write(
        root,
        manifest("Connector", "inbox", "spec: {type: files, capabilities: [source, destination]}"),
        manifest("Store", "inbox", "spec: {connector: inbox, connection: {path: inbox}}"),
        manifest("DataSet", "a", "spec: {store: inbox, prefix: a.csv}"),
        manifest("DataSet", "b", "spec: {store: inbox, prefix: b.csv, classification: internal}"),
        manifest("Transform", "copy", f"spec: {{{transform}, inputs: [{{dataset: a}}], outputs: [{{dataset: b}}]}}"),
        manifest("Environment", "dev", f"spec: {{executor: {executor}}}"),
    )


def checked(acme: Path, root: Path, command: str) -> list[tuple[str, str, str, str]]:
    done = python(acme, "-c", DK, command, "--output", "json", cwd=root)
    assert done.stdout, done.stderr
    return [
        (each["severity"], each["code"], each.get("path", ""), each["message"])
        for each in json.loads(done.stdout)["findings"]
        if each["code"] not in ("pii-declared", "connector-version")
    ]


def test_a_manifest_says_a_runtime_of_another_package_with_a_section_of_its_own(acme: Path, tmp_path: Path) -> None:
    root = project(tmp_path / "shop", "runtime: shell, shell: {command: cp inbox/a.csv inbox/b.csv}")
    assert checked(acme, root, "lint") == checked(acme, root, "validate") == []


def test_that_runtime_itself_checks_its_section(acme: Path, tmp_path: Path) -> None:
    root = project(tmp_path / "shop", "runtime: shell, shell: {comand: cp}")
    found = checked(acme, root, "validate")
    assert [each[2] for each in found] == ["spec.shell", "spec.shell.comand"]
    assert "unknown setting 'comand'" in found[1][3]


@pytest.mark.parametrize(
    ("transform", "expected"),
    [
        ("runtime: shel", ("warning", "unknown-runtime", "spec.runtime")),
        ("runtime: cloudquerry", ("error", "invalid-value", "spec.runtime")),
        ("runtime: shell, sell: {command: cp}", ("warning", "unknown-field", "spec.sell")),
        ("runtime: dbt, shell: {command: cp}", ("warning", "unknown-field", "spec.shell")),
    ],
)
def test_a_slip_is_found(acme: Path, tmp_path: Path, transform: str, expected: tuple[str, str, str]) -> None:
    root = project(tmp_path / "shop", transform)
    assert expected in [each[:3] for each in checked(acme, root, "validate")]


@pytest.mark.parametrize(
    ("executor", "expected"),
    [
        ("elsewhere", []),
        ("{type: elsewhere, queue: nightly}", []),
        ("{type: elsewhere, que: nightly}", [("warning", "unknown-field", "spec.executor.que")]),
        ("nowhere", [("warning", "executor-not-installed", "spec.executor")]),
        ("locl", [("error", "invalid-value", "spec.executor")]),
        ("{type: local, queue: nightly}", [("warning", "not-used", "spec.executor.queue")]),
    ],
)
def test_an_executor_is_checked_by_itself(
    acme: Path, tmp_path: Path, executor: str, expected: list[tuple[str, str, str]]
) -> None:
    root = project(tmp_path / "shop", "runtime: shell, shell: {command: cp inbox/a.csv inbox/b.csv}", executor)
    assert [each[:3] for each in checked(acme, root, "validate")] == expected


RUN = """
from datakit_iac.testing import FUNCTIONS, TYPES, Lifecycle, RefusedError

STORE = {"name": "inbox", "technology": "files", "connection": {"path": "inbox"}}
RUN = {
    "transform": "copy", "runtime": "shell", "settings": {"command": "cp inbox/a.csv inbox/b.csv"},
    "env": {"REGION": "eu"}, "definition": "1", "versions": {"a": "1"}, "generations": {"b": "1"},
    "inputs": [{"name": "a", "store": STORE, "prefix": "a.csv", "external": True}],
    "outputs": [{"name": "b", "store": STORE, "prefix": "b.csv"}],
}
with Lifecycle(TYPES, FUNCTIONS) as lifecycle:
    for executor in ({"type": "local"}, {"type": "elsewhere"}, {"type": "elsewhere", "que": "x"}, {"type": "nowhere"}):
        try:
            lifecycle.subject("datakit:index:Run", "copy").preview({**RUN, "executor": executor})
            print(lifecycle.said())
        except RefusedError as refused:
            print(refused)
"""


def test_a_preview_says_what_would_run_and_refuses_what_cannot(acme: Path, tmp_path: Path) -> None:
    done: subprocess.CompletedProcess[Any] = python(acme, "-c", RUN, cwd=tmp_path)
    runs, needs, invalid, unknown = done.stdout.splitlines()
    assert runs == "would run: cp inbox/a.csv inbox/b.csv (env: REGION)"
    assert "executor: the executor elsewhere has no `shares_filesystem`, and the command reads files of this" in needs
    assert "executor.que: unknown setting 'que'; expected queue" in invalid
    assert "executor: no executor 'nowhere' is installed" in unknown
