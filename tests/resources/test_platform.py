"""Platform in a program of one's own, over the SDK's mocks."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks

from datakit_iac import DataSet, Platform, Store, Transform
from datakit_iac.contract.state import current
from datakit_iac.provider import inputs as decode
from tests.functions import scoring
from tests.scenarios.pipeline import FILES


class Recorded(mocks.Mocks):
    """Keeps the inputs of every resource, by type and name."""

    def __init__(self) -> None:
        self.resources: dict[tuple[str, str], dict[str, Any]] = {}

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        self.resources[args.typ.rpartition(":")[2], args.name] = args.inputs
        written = dict.fromkeys(args.inputs.get("generations") or (), "v1")
        return args.name, {**args.inputs, "generation": "1f", "location": "x", "written": written, "counts": {}}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        return {"version": "v0"}, []


TABLES = {"warehouse": {"orders": "raw.orders", "paid": "main.paid", "users": "raw.users"}}
"""What the models of the pipeline read."""

Run = Callable[[Callable[[], object]], Recorded]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Runs a program in `stacks`, below the folder of Pulumi.yaml, as `main: stacks` has it."""
    for name, text in FILES.items():
        file = tmp_path / "project" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\nmain: stacks\n")
    (tmp_path / "stacks").mkdir()
    monkeypatch.chdir(tmp_path / "stacks")

    def go(program: Callable[[], object]) -> Recorded:
        seen = Recorded()
        mocks.set_mocks(seen, stack="dev", preview=True)

        async def whole() -> None:
            program()

        mocks.test(whole)()  # type: ignore[no-untyped-call]
        return seen

    yield go
    pulumi.runtime.settings.reset_options()


def platform() -> None:
    Platform("platform", project="project", environment="dev")


def own_transform() -> None:
    warehouse = Store("warehouse", technology="duckdb", connection={"path": "warehouse.duckdb"})
    paid = DataSet("paid", store=warehouse, table="main.paid")
    settings = {"project": "project/models", "select": ["staging"]}
    Transform("staging", runtime="dbt", outputs=[paid], settings=settings)


def paths(resources: Mapping[tuple[str, str], dict[str, Any]]) -> list[str]:
    said = [*resources["DataSet", "users"]["manifest"].split(":")[:1], resources["Platform", "platform"]["project"]]
    return [
        *said,
        resources["Run", "staging"]["settings"]["project"],
        resources["Store", "inbox"]["connection"]["path"],
    ]


def test_a_program_stays_in_its_folder_and_paths_count_from_that_of_the_project(run: Run, tmp_path: Path) -> None:
    seen = run(platform)
    assert Path.cwd() == tmp_path / "stacks"
    assert paths(seen.resources) == ["project/tables.yaml", "project", "project/models", "project/inbox"]


def test_a_platform_that_is_refused_leaves_the_program_in_its_folder(run: Run, tmp_path: Path) -> None:
    (tmp_path / "project/tables.yaml").unlink()
    with pytest.raises(pulumi.RunError, match=r"project/transforms.yaml:7:23"):
        run(platform)
    assert Path.cwd() == tmp_path / "stacks"


def test_a_secrets_file_counts_from_the_projects_folder(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / ".datakit/secrets.env"
    file.parent.mkdir()
    file.touch(mode=0o644)
    store = tmp_path / "project/platform.yaml"
    store.write_text(store.read_text().replace("{path: inbox}}", "{path: inbox}, secrets: {token: '${TOKEN}'}}"))
    for named in ("", ".datakit/secrets.env"):
        monkeypatch.setenv("DATAKIT_SECRETS_FILE", named)
        with pytest.raises(pulumi.RunError, match=r"\.datakit/secrets\.env"):
            run(platform)


def bound_to_an_output() -> None:
    token = pulumi.Output.from_input("of a resource")
    Platform("platform", project="project", environment="dev", bindings={"inbox": {"secrets": {"token": token}}})


def with_a_provider() -> None:
    opts = pulumi.ResourceOptions(providers=[pulumi.ProviderResource("datakit", "own", {})])
    Platform("platform", project="project", environment="dev", opts=opts)


@pytest.mark.parametrize(
    ("program", "keepers"),
    [
        (platform, [("datakit", "platform")]),
        (bound_to_an_output, [("DataSet", "orders-csv"), ("DataSet", "users-csv"), ("Store", "inbox")]),
        (with_a_provider, [("DataSet", "orders-csv"), ("DataSet", "users-csv"), ("Store", "inbox")]),
    ],
)
def test_what_keeps_the_secrets_of_a_store(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: Callable[[], None], keepers: list[object]
) -> None:
    store = tmp_path / "project/platform.yaml"
    store.write_text(store.read_text().replace("{path: inbox}}", "{path: inbox}, secrets: {token: '${TOKEN}'}}"))
    monkeypatch.setenv("TOKEN", "of the environment")
    resources = run(program).resources
    kept = {each: inputs for each, inputs in resources.items() if each[0] not in ("Run", "Transform")}
    assert sorted(each for each, inputs in kept.items() if "'token'" in str(inputs)) == keepers
    if program is platform:
        assert "'location': 'files:project/inbox'" in str(resources["datakit", "platform"])


@pytest.mark.parametrize("first", [(), (platform,)], ids=["alone", "after a Platform"])
def test_the_paths_of_a_transform_of_ones_own_count_from_the_projects_folder(
    run: Run, tmp_path: Path, first: tuple[Callable[[], object], ...]
) -> None:
    digests = set()
    for folder in (tmp_path, tmp_path / "stacks"):
        os.chdir(folder)
        seen = run(lambda: [each() for each in (*first, own_transform)])
        digests.add(seen.resources["Transform", "staging"]["definition"])
        assert Path.cwd() == folder
    assert len(digests) == 1


# What a Run knows of the rest of its dbt project.


def test_each_run_of_a_dbt_project_knows_its_tables_and_no_contracts(run: Run) -> None:
    runs = {name: inputs for (kind, name), inputs in run(platform).resources.items() if kind == "Run"}
    assert {name: inputs["context"] for name, inputs in runs.items() if inputs["runtime"] == "dbt"} == {
        "staging": TABLES,
        "marts": TABLES,
    }


def test_the_provider_reads_the_context_it_is_sent_and_passes_over_that_of_an_earlier_version(run: Run) -> None:
    sent = run(platform).resources["Run", "marts"]
    assert {(each.store, each.name, each.place.table) for each in decode.job(sent, "dev").context} == {
        (store, name, table) for store, tables in TABLES.items() for name, table in tables.items()
    }
    assert decode.job(current({**sent, "context": sent["inputs"]}), "dev").context == ()


# What a Connector is registered as.

MOVED = """\
---
apiVersion: datakit.infoblox.dev/v1alpha1
kind: Connector
metadata: {name: lake}
spec: {type: postgres, version: "1.0.0", capabilities: [source, destination]}
---
apiVersion: datakit.infoblox.dev/v1alpha1
kind: Store
metadata: {name: events}
spec: {connector: lake, connection: {host: db, database: events}}
---
apiVersion: datakit.infoblox.dev/v1alpha1
kind: Store
metadata: {name: exports}
spec: {connector: lake, connection: {host: db, database: exports}}
"""
BOUND = """
spec:
  bindings:
    exports: {type: files, path: inbox}
    events: {type: duckdb, path: events.duckdb}
"""


def test_a_connector_is_its_own_technology_and_says_which_its_stores_are_bound_to(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "project/platform.yaml"
    file.write_text(file.read_text().replace("metadata: {name: dev}\n", f"metadata: {{name: dev}}{BOUND}") + MOVED)
    seen = run(platform).resources
    assert {
        name: (seen["Connector", name]["technology"], seen["Connector", name].get("technologies"))
        for name in ("duckdb", "files", "lake")
    } == {"duckdb": ("duckdb", None), "files": ("files", None), "lake": ("postgres", ["duckdb", "files"])}


def test_a_program_adds_what_it_declares_to_the_manifests(run: Run) -> None:
    def program() -> None:
        names = {"kind": "DataSet", "metadata": {"name": "names"}}
        spec = {"store": "warehouse", "table": "main.names", "schema": [{"name": "name", "type": "string"}]}
        Platform("platform", project="project", resources=[{**names, "spec": spec}, scoring.naming])

    seen = run(program).resources
    assert seen["Run", "naming"]["inputs"][0]["name"] == "users"
    assert seen["Run", "naming"]["settings"]["returns"] == {"names": "names"}
    module = seen["Run", "naming"]["settings"]["module"]
    assert (Path("..") / module).resolve() == Path(scoring.__file__), "paths count from the Pulumi project's folder"
    assert seen["DataSet", "names"]["table"] == "main.names"


@pytest.mark.parametrize(
    ("added", "said"),
    [
        (print, "resources[0]: expected a function of @transform, a DataSet of dataset(…), or a manifest; found"),
        ({"kind": "Store"}, "resources[0]: the kind is 'Store'; expected one of DataSet, DataSetGroup, Transform"),
        (
            {"kind": "DataSet", "metadata": {"name": "x"}, "spec": {"store": "warehouse"}},
            "exactly one of table, prefix",
        ),
    ],
)
def test_what_cannot_be_added_is_said(run: Run, added: Any, said: str) -> None:
    with pytest.raises(Exception, match=re.escape(said)):
        run(lambda: Platform("platform", project="project", resources=[added]))
