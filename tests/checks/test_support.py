"""What an executor needs before it can run a Transform, and fields that nothing uses."""

from __future__ import annotations

from pathlib import Path

import pytest

from datakit_iac.checks.support import incomplete, unsupported, unused
from datakit_iac.manifest.loading.loader import load
from tests.manifest.writing import CONNECTOR, DATASET, STORE, manifest, write


@pytest.mark.parametrize(
    ("executor", "transform", "missing"),
    [
        ("local", "runtime: generic-python", ["spec.command"]),
        ("local", "runtime: generic-python, image: load", []),
        ("local", "runtime: generic-go", []),
        ("local", "runtime: generic-go, command: ./load", []),
        ("kubernetes", "runtime: generic-go, command: ./load", ["spec.image"]),
        ("kubernetes", "runtime: generic-go, image: load", []),
        ("kubernetes", "runtime: cloudquery", []),
    ],
)
def test_each_executor_needs_what_it_runs(tmp_path: Path, executor: str, transform: str, missing: list[str]) -> None:
    load_users = manifest("Transform", "load", f"spec: {{{transform}, outputs: [{{dataset: users}}]}}")
    environment = manifest("Environment", "dev", f"spec: {{executor: {executor}}}")
    project = load(write(tmp_path, load_users, environment))
    assert [found.path for found in incomplete(project, project.environments["dev"])] == missing


def test_what_nothing_uses_is_told_and_what_says_nothing_is_not(tmp_path: Path) -> None:
    connector = CONNECTOR.replace("spec: {", "spec: {tools: [], connectionSchema: [{field: path}], ")
    dataset = DATASET.replace("spec:", "spec:\n  dev: {seed: {inline: [{id: 1}]}}")
    fields = "replicas: 1, retries: 2, lineage: {}, serviceAccountName: load"
    transform = manifest("Transform", "load", f"spec: {{runtime: generic-go, outputs: [{{dataset: users}}], {fields}}}")
    found = list(unused(load(write(tmp_path, connector, STORE, dataset, transform))))
    assert {each.code for each in found} == {"not-used"}
    assert {each.severity for each in found} == {"warning"}
    assert [each.path.removeprefix("spec.") for each in found] == [
        "lineage",
        "serviceAccountName",
    ]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ("image: load", {"spec.image": "what runs is of this machine: load has no effect on the executor local"}),
        ("resources: {limits: {memory: 1Gi}}", {}),
        (
            "resources: {cpu: 1, memory: 1Gi}",
            {"spec.resources": "the executor local does not keep requests.cpu, requests.memory"},
        ),
        ("retries: 3, timeout: 5m, env: [{name: A, value: b}]", {}),
    ],
)
def test_what_the_executor_leaves_out_of_a_workload_is_told(tmp_path: Path, fields: str, told: dict[str, str]) -> None:
    spec = f"spec: {{runtime: cloudquery, outputs: [{{dataset: users}}], {fields}}}"
    project = load(write(tmp_path, manifest("Transform", "load", spec), manifest("Environment", "dev", "spec: {}")))
    found = list(unsupported(project, project.environments["dev"]))
    assert {each.path: each.message for each in found} == {
        path: f"Transform load: {message}" for path, message in told.items()
    }
    assert all((each.code, each.severity) == ("not-kept", "warning") for each in found)


@pytest.mark.parametrize(
    ("runtime", "told"), [("cloudquery", True), ("dbt, dbt: {project: p}", True), ("generic-python", False)]
)
def test_a_command_beside_a_runtime_with_one_of_its_own_is_told(tmp_path: Path, runtime: str, told: bool) -> None:
    spec = f"spec: {{runtime: {runtime}, command: ./load, outputs: [{{dataset: users}}]}}"
    found = list(unused(load(write(tmp_path, manifest("Transform", "load", spec)))))
    assert [(each.code, each.severity, each.path) for each in found] == (
        [("not-used", "warning", "spec.command")] if told else []
    )


@pytest.mark.parametrize(
    ("executor", "transform", "told"),
    [
        ("local", "runtime: cloudquery", [("not-supported", "spec.mode")]),
        ("local", "runtime: generic-go", [("not-kept", "spec.mode")]),
        ("local", "runtime: generic-go, replicas: 2", [("not-kept", "spec.mode"), ("not-kept", "spec.replicas")]),
        ("{type: kubernetes, image: shop}", "runtime: generic-go, image: load, replicas: 2", []),
        (
            "{type: kubernetes, image: shop}",
            "runtime: generic-go, image: load, timeout: 5m, trigger: {policy: schedule, schedule: {cron: '@daily'}}",
            [("not-supported", "spec.trigger"), ("not-used", "spec.timeout")],
        ),
    ],
)
def test_what_does_not_go_with_streaming_is_told(
    tmp_path: Path, executor: str, transform: str, told: list[tuple[str, str]]
) -> None:
    spec = f"spec: {{{transform}, mode: streaming, outputs: [{{dataset: users}}]}}"
    said = manifest("Environment", "dev", f"spec: {{executor: {executor}}}")
    project = load(write(tmp_path, manifest("Transform", "load", spec), said))
    found = [each for each in unsupported(project, project.environments["dev"]) if "executor" not in each.path]
    assert [(each.code, each.path) for each in found if each.path not in ("spec.image", "spec.command")] == told


@pytest.mark.parametrize(
    ("trigger", "environment", "told"),
    [
        ("{policy: schedule, schedule: {cron: '@daily'}}", "{}", False),
        ("{policy: schedule, schedule: {cron: '@daily'}}", "{executor: {type: kubernetes, image: acme/shop}}", True),
        (
            "{policy: composite, policies: [schedule, on-change], schedule: {cron: '@daily', suspend: true}}",
            "{executor: {type: kubernetes, image: acme/shop}}",
            False,
        ),
        (
            "{policy: schedule, schedule: {cron: '@daily'}}",
            "{executor: {type: kubernetes, image: acme/shop}, history: warehouse}",
            False,
        ),
    ],
)
def test_a_schedule_that_nothing_starts_is_told(tmp_path: Path, trigger: str, environment: str, told: bool) -> None:
    spec = f"spec: {{runtime: cloudquery, trigger: {trigger}, outputs: [{{dataset: users}}]}}"
    said = manifest("Environment", "dev", f"spec: {environment}")
    project = load(write(tmp_path, manifest("Transform", "load", spec), said))
    found = [each for each in unsupported(project, project.environments["dev"]) if "schedule" in each.path]
    assert [(each.code, each.path) for each in found] == ([("not-kept", "spec.trigger.schedule")] if told else [])
