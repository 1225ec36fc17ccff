"""The lock file: what it holds, and when it is out of date."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from datakit_iac.checks.validate import validate
from datakit_iac.environment import lockfile
from datakit_iac.environment.model import ResolvedProject
from datakit_iac.environment.resolve import resolve
from datakit_iac.manifest.loading.loader import load
from tests.manifest.writing import CONNECTOR, DATASET, STORE, manifest, only, write

PROD = manifest("Environment", "prod", "spec: {versions: exact}")
PINNED = STORE.replace("spec: {", "spec: {connectorVersion: 1.4.2, ")
DBT = manifest(
    "Transform", "model", "spec: {runtime: dbt, dbt: {project: models}, inputs: [], outputs: [{dataset: users}]}"
)


def project(root: Path, *documents: str) -> ResolvedProject:
    return resolve(load(write(root, *documents)), "prod", {})


def lock(resolved: ResolvedProject) -> Path:
    lockfile.write(resolved.project.root, {"prod": lockfile.entry(resolved)})
    return resolved.project.root / "datakit.lock"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_an_exact_environment_needs_a_lock_file(tmp_path: Path) -> None:
    resolved = project(tmp_path, CONNECTOR, PINNED, PROD)
    found = only(list(lockfile.unlocked(resolved)))
    assert (found.code, found.severity, found.path) == ("lock-missing", "error", "spec.versions")
    assert found in validate(resolved.project, "prod", {})[1], "so the program refuses too"
    lock(resolved)
    assert list(lockfile.unlocked(resolved)) == []


def test_an_environment_with_ranges_needs_none(tmp_path: Path) -> None:
    assert list(lockfile.unlocked(project(tmp_path, CONNECTOR, STORE, PROD.replace("exact", "ranges")))) == []


def test_a_lock_file_without_the_environment_is_missing_it(tmp_path: Path) -> None:
    resolved = project(tmp_path, CONNECTOR, PINNED, PROD)
    lockfile.write(tmp_path, {"dev": {}})
    found = only(list(lockfile.compared(resolved)))
    assert (found.code, found.message.split(";")[0]) == (
        "lock-missing",
        "datakit.lock says nothing of Environment prod",
    )


def test_each_difference_is_told_with_before_and_now(tmp_path: Path) -> None:
    lock(project(tmp_path, CONNECTOR, STORE, PROD))
    newer = project(tmp_path, CONNECTOR, CONNECTOR.replace("1.4.2", "1.5.0"), STORE, PROD)
    version, digest = lockfile.compared(newer)
    assert version.message == "connectors.duckdb.version of prod is '1.4.2' in datakit.lock, and now '1.5.0'"
    assert (version.code, version.file) == ("lock-outdated", "datakit.lock")
    assert digest.message.startswith("connectors.duckdb.digest of prod is 'sha256:")


@pytest.mark.parametrize(
    ("old", "new", "is_same"),
    [
        ("type: duckdb", "type:   duckdb", True),
        ("metadata: {name: duckdb}", "metadata: {name: duckdb, description: For people.}", True),
        ("capabilities: [source, destination]", "capabilities: [source]", False),
        ("type: duckdb", "type: duckdb, provider: acme", False),
    ],
)
def test_a_connector_is_known_by_what_it_says_however_it_is_laid_out(
    tmp_path: Path, old: str, new: str, is_same: bool
) -> None:
    before = lockfile.entry(project(tmp_path, CONNECTOR, STORE, PROD))
    after = lockfile.entry(project(tmp_path, CONNECTOR.replace(old, new), STORE, PROD))
    assert (before == after) is is_same


def test_a_plugin_at_a_path_is_known_by_its_content(tmp_path: Path) -> None:
    connector = CONNECTOR.replace("spec: {", "spec: {plugin: {source: ./plugins/load}, ")
    folder = tmp_path / "plugins" / "load"
    folder.mkdir(parents=True)
    (folder / "main").write_text("one")
    resolved = project(tmp_path, connector, STORE, PROD)
    lock(resolved)
    (folder / "main").write_text("two")
    found = only(list(lockfile.compared(resolved)))
    assert found.message.startswith("plugins../plugins/load.digest of prod")
    (folder / "main").rename(folder / "other")
    (folder / "other").write_text("one")
    assert len(list(lockfile.compared(resolved))) == 1, "a name is part of the content"


def test_the_packages_of_dbt_are_known_by_version_and_lock_file(tmp_path: Path) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "packages.yml").write_text("packages:\n- {package: dbt-labs/dbt_utils, version: 1.3.0}\n")
    (folder / "package-lock.yml").write_text("packages:\n- {package: dbt-labs/dbt_utils, version: 1.3.0}\n")
    resolved = project(tmp_path, CONNECTOR, PINNED, DATASET, DBT, PROD)
    lock(resolved)
    assert list(lockfile.compared(resolved)) == []
    (folder / "package-lock.yml").write_text("packages:\n- {package: dbt-labs/dbt_utils, version: 1.3.1}\n")
    changed = resolve(resolved.project, "prod", {})
    assert [each.message.split(" of ")[0] for each in lockfile.compared(changed)] == [
        "packages.dbt-labs/dbt_utils.version",
        "dbt.models.package-lock.yml",
    ]


def test_the_file_is_the_same_wherever_the_project_lies(tmp_path: Path) -> None:
    files = [
        lock(project(tmp_path / name, *documents)).read_bytes()
        for name, documents in (("a", (CONNECTOR, PINNED, PROD)), ("b/c", (PROD, PINNED, CONNECTOR)))
    ]
    assert files[0] == files[1]
    assert yaml.safe_load(files[0])["version"] == 1


@pytest.mark.parametrize("text", ["{", "[]", "version: 2", "version: 1", "version: 1\nenvironments: []", "\0"])
def test_what_is_no_lock_file_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "datakit.lock").write_text(text)
    found = only(list(lockfile.compared(project(tmp_path, CONNECTOR, PINNED, PROD))))
    assert (found.code, found.message[:31]) == ("lock-outdated", "datakit.lock is not a lock file")


def test_what_lies_in_linked_folders_of_a_plugin_counts_once(tmp_path: Path) -> None:
    shared, plugin = tmp_path / "shared", tmp_path / "plugin"
    for folder in (shared, plugin):
        folder.mkdir()
    (shared / "word.py").write_text("WORD = 1")
    (plugin / "linked").symlink_to(shared)
    (shared / "back").symlink_to(plugin)
    before = lockfile._digest_of(plugin)
    (shared / "word.py").write_text("WORD = 2")
    assert lockfile._digest_of(plugin) != before
