"""What a dbt project says of its models: descriptions and tests.

dbt's own manifest (`target/manifest.json`, https://docs.getdbt.com/reference/artifacts/manifest-json) is read where it
is newer than every YAML file beside the models; else those files are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from datakit_iac.runtimes.dbt.project.dbt_project import DbtProject
from datakit_iac.runtimes.documentation import ModelDocumentation

_KINDS: Final = ("models", "seeds", "snapshots")


def described(project: DbtProject) -> dict[str, ModelDocumentation]:
    """What is said of each model, seed and snapshot, by the name of its table in lower case.

    Raises:
        ProjectError: a YAML file is none.
    """
    manifest = _manifest(project)
    return dict(_of_manifest(manifest) if manifest else _of_properties(project))


def _manifest(project: DbtProject) -> Mapping[str, Any] | None:
    """Dbt's manifest, where it is one and nothing has changed since it was written."""
    file = project.root / str(project.configuration.get("target-path", "target")) / "manifest.json"
    try:
        written = file.stat().st_mtime_ns
        if any((project.root / each).stat().st_mtime_ns > written for each in project.described_by):
            return None
        loaded = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return None
    nodes = loaded.get("nodes") if isinstance(loaded, dict) else None
    return nodes if isinstance(nodes, dict) else None


def _of_manifest(nodes: Mapping[str, Any]) -> Iterator[tuple[str, ModelDocumentation]]:
    tests: dict[str, list[str]] = {}
    for node in nodes.values():
        if node.get("resource_type") == "test":
            name = (node.get("test_metadata") or {}).get("name") or node.get("name", "")
            attached = node.get("attached_node")
            for model in [attached] if attached else (node.get("depends_on") or {}).get("nodes", ()):
                tests.setdefault(model, []).append(str(name))
    for key, node in nodes.items():
        if node.get("resource_type") in ("model", "seed", "snapshot"):
            columns = [(name, each.get("description")) for name, each in (node.get("columns") or {}).items()]
            yield _entry(node, columns, tests.get(key, ()))


def _of_properties(project: DbtProject) -> Iterator[tuple[str, ModelDocumentation]]:
    for section in _KINDS:
        for model in project.entries(section):
            columns = [each for each in model.get("columns") or () if isinstance(each, dict)]
            tests = [test for each in (model, *columns) for test in _tests(each)]
            yield _entry(model, [(each.get("name"), each.get("description")) for each in columns], tests)


def _tests(entry: Mapping[str, Any]) -> Iterator[str]:
    for test in (*(entry.get("data_tests") or ()), *(entry.get("tests") or ())):
        yield str(test if isinstance(test, str) else next(iter(test), ""))


def _entry(node: Mapping[str, Any], columns: list[tuple[Any, Any]], tests: Any) -> tuple[str, ModelDocumentation]:
    name = node.get("alias") or (node.get("config") or {}).get("alias") or node.get("name", "")
    named = frozenset(str(column).lower() for column, text in columns if text)
    return str(name).lower(), ModelDocumentation(str(node.get("description") or "").strip(), named, tuple(tests))
