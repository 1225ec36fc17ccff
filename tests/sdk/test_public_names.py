"""The public API of authors: its names, name by name, and that pages use no others."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

import datakit_iac
from tests.docs.test_docs import FENCE
from tests.packages import install, python

ROOT = Path(__file__).parents[2]
NAMES = {
    "datakit_iac.sdk.technologies": (
        "AltersSchema BoundDataSet Capabilities Change Column Configures Connection ConnectionModel DataType"
        " DataVersion Discards Drops Effect Fault Foresees HasSettings Interruptible KeepsTerms Mark MeasuresSize Place"
        " PlansSteps PortNumber Profile ReadsCatalog ReadsRows Rewrites RunsDataTests Secret SecretText Session"
        " ShowsKeys Step StoreError StoreMissingError TableState TellsNotes Technology Test FailedTest Text"
        " VersionsData canonical revealed ColumnProfile Sample"
    ),
    "datakit_iac.sdk.sql": "ALL Database Dialect SqlFile SqlSession SqlTechnology literal queries quoted",
    "datakit_iac.sdk.cloudquery": (
        "DeclaredColumn Destination Opens Pair Quarantine ReadByOthers Refuses SignsIn Source Sync WrittenByOthers"
        " declared spec"
    ),
    "datakit_iac.sdk.cloudquery_plugins": (
        "Destination DestinationServicer Event PluginFault RowSource RowTable Source SourceServicer SqlLoad emit"
        " from_arrow run serve to_arrow"
    ),
    "datakit_iac.sdk.dbt": "Carrier DbtAdapter Profile THREADS relation secret",
    "datakit_iac.sdk.runtimes": (
        "BoundDataSet BuildsProject Cancelled Connection Dependency Describes Executor FOLDER Fault Fetches Job"
        " JobFailedError Lines ModelDocumentation NamesFiles NotFoundError Prepares Redaction Relation RunContext"
        " RunResult Runtime Secret Section TakesFiles UsesPlugins Warmable Workload digest given_digest invalid_job"
        " of_job revealed started"
    ),
    "datakit_iac.sdk.executors": (
        "Capabilities Configurable Execution Executor ExecutorError FOLDER FOLDER_VARIABLE Fault Judges KeepsWorkers"
        " LimitExceededError LocalProcesses Secret Workload of_job revealed"
    ),
    "datakit_iac.sdk.policies": (
        "Arguments ColumnFacts ConnectorFacts DataSetFacts EnvironmentFacts NoArguments ProjectFacts Remedy Rule"
        " StoreFacts Target TransformFacts Violation rule"
    ),
    "datakit_iac.testing": (
        "ExecutorSuite FUNCTIONS FunctionFault MARK ROWS TYPES Lifecycle Message OperationError Recorded RefusedError"
        " Rows Step Subject TechnologyKit TechnologySuite run"
    ),
}
PUBLIC = ("datakit_iac", *NAMES)


@pytest.mark.parametrize("module", NAMES)
def test_each_module_has_just_these_names(module: str) -> None:
    found = importlib.import_module(module)
    assert sorted(found.__all__) == sorted(NAMES[module].split())
    assert [name for name in found.__all__ if not (getattr(found, name).__doc__ or "").strip()] == []


@pytest.mark.parametrize("page", sorted(ROOT.glob("docs/*.md")), ids=lambda page: page.stem)
def test_pages_import_public_modules_only(page: Path) -> None:
    code = "\n".join(fence[3] for fence in FENCE.finditer(page.read_text()) if fence[2] == "python")
    imported = set(re.findall(r"^(?:from|import) (datakit_iac[\w.]*)", code, re.MULTILINE))
    assert imported.difference(PUBLIC) == set()


def test_the_names_of_programs_are_public_too() -> None:
    assert "Platform" in datakit_iac.__all__


def test_the_suite_of_the_page_passes_on_the_executor_of_the_page(tmp_path: Path) -> None:
    text = (ROOT / "docs/adding-an-executor.md").read_text()
    blocks = [fence[3] for fence in FENCE.finditer(text) if fence[2] == "python"]
    (nice,), (suite,) = ([block for block in blocks if f"class {name}" in block] for name in ("Nice", "TestNice"))
    install(tmp_path, "acme_executor", nice, {"datakit.executors": {"nice": "acme_executor:Nice"}})
    (tmp_path / "test_nice.py").write_text(suite)
    done = python(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_nice.py", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert int(re.findall(r"(\d+) passed", done.stdout)[0]) >= 17
    faults = "[fault.line for fault in invalid_settings('nice', {'level': 20, 'lvl': 1})]"
    code = f"from datakit_iac.executors.registry import *; print(executor('nice').name, {faults})"
    assert python(tmp_path, "-c", code, cwd=tmp_path).stdout.strip() == (
        """nice ["lvl: nice has no setting 'lvl'", 'level: the level is 20; use 1 to 19']"""
    )
