"""The Runtime without the CLI: settings, definitions, rendering, and reading what the CLI says."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from datakit_iac.cloudquery_plugins.events import Event
from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.contract.job import Job
from datakit_iac.manifest.models.column import Column
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.manifest.values.types import DataType
from datakit_iac.runtimes.cloudquery.output import Output
from datakit_iac.runtimes.cloudquery.rendering import Rendered
from datakit_iac.runtimes.cloudquery.runtime import CloudQuery
from datakit_iac.runtimes.job import JobFailedError
from tests.manifest.test_wording import OURS, WRONG


def files(name: str, folder: Path, prefix: str, **options: Any) -> BoundDataSet:
    return BoundDataSet(name, "files", Connection("files", {"path": str(folder), **options}), Place(prefix=prefix))


def table(name: str, *columns: Column, database: str = "w.duckdb") -> BoundDataSet:
    return BoundDataSet(name, "w", Connection("duckdb", {"path": database}), Place(table=f"raw.{name}"), columns)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_text("id\n1\n")
    inputs = (files("a-file", tmp_path, "a.csv"), files("b-file", tmp_path, "b.csv"))
    outputs = (table("a", Column(name="id", type=DataType.parse("integer"))), table("b"))
    pairs = [{"from": "a-file", "to": "a"}, {"from": "b-file", "to": "b"}]
    return Job("load", "cloudquery", {"tables": pairs}, inputs, outputs)


def test_a_job_with_its_pairs_has_no_fault(job: Job) -> None:
    assert CloudQuery().check(job) == []


@pytest.mark.parametrize("field", ["tables", "writeMode", "no-such"])
def test_no_fault_of_the_settings_is_in_the_words_of_python(job: Job, field: str) -> None:
    pairs = [[{"from": value, "to": value}] for value in WRONG]
    for value in (*WRONG, *((*pairs, [[]], [WRONG]) if field == "tables" else ())):
        faults = map(str, CloudQuery().check(replace(job, settings={**job.settings, field: value})))
        assert not [fault for fault in faults if OURS.search(fault)]


def test_one_input_and_one_output_need_no_pairs(job: Job) -> None:
    assert CloudQuery().check(replace(job, settings={}, inputs=job.inputs[:1], outputs=job.outputs[:1])) == []


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({}, "2 inputs and 2 outputs, so it must say which goes where: write tables: [{from: a-file, to: a}, …]"),
        ({"tables": "x"}, "tables is 'x'; expected a list"),
        (
            {"tables": [{"from": "a-file"}]},
            "table 1 is {from: a-file}; expected {from: <an input>, to: <an output>}",
        ),
        (
            {"tables": [{"from": "z", "to": "a"}]},
            "from 'z' is not an input of this Transform; its inputs are a-file, b-file",
        ),
        (
            {"tables": [{"from": "a-file", "to": "z"}]},
            "to 'z' is not an output of this Transform; its outputs are a, b",
        ),
        ({"tables": [{"from": "a-file", "to": "a"}]}, "nothing fills the output b"),
        ({"tables": [{"from": "a-file", "to": "a"}]}, "the input b-file goes nowhere"),
        (
            {"tables": [{"from": "a-file", "to": "a"}, {"from": "b-file", "to": "a"}]},
            "several inputs go to a; give it one",
        ),
        (
            {"writeMode": "truncate"},
            "writeMode is 'truncate'; expected one of overwrite-delete-stale, overwrite, append",
        ),
        ({"batch": 3}, "unknown setting 'batch'; expected tables and writeMode"),
        ({"onError": "skip"}, "onError: expected fail, or {quarantine: A-DATASET, max: 100}"),
        (
            {"onError": {"quarantine": "z"}},
            "the quarantine 'z' is not an output of this Transform; its outputs are a, b",
        ),
        ({"onError": {"quarantine": "b"}}, "onError: b takes what cannot be loaded, and column raw is missing"),
        ({"onError": {"quarantine": "b", "max": 2.5}}, "onError: '2.5' is not a number of records"),
    ],
)
def test_wrong_settings_are_told(job: Job, settings: dict[str, Any], fault: str) -> None:
    assert any(fault in told for told in map(str, CloudQuery().check(replace(job, settings=settings))))


def test_overwrite_needs_a_key(job: Job) -> None:
    job = replace(job, settings={**job.settings, "writeMode": "overwrite"})

    assert [fault for fault in map(str, CloudQuery().check(job)) if "declares none" in fault and "a declares" in fault]


def test_missing_files_and_packages_are_told(job: Job, tmp_path: Path) -> None:
    (tmp_path / "a.csv").unlink()
    package = replace(job.inputs[1], connection=Connection("files", {"path": "package:no_such_package_here/x"}))

    faults = list(map(str, CloudQuery().check(replace(job, inputs=(job.inputs[0], package)))))

    assert [fault.partition(":")[0] for fault in faults] == ["a-file", "b-file"]
    assert "there is no file" in faults[0]
    assert "no installed Python package" in faults[1]


def test_technologies_without_a_plugin_and_several_stores_are_told(job: Job) -> None:
    odd = replace(job.outputs[0], connection=Connection("files", {"path": "inbox"}))
    faults = list(map(str, CloudQuery().check(replace(job, outputs=(odd, job.outputs[1])))))
    assert (
        "CloudQuery cannot write to files (output a); there are plugins for duckdb, kafka, postgres, s3, snowflake"
        in faults
    )

    far = replace(job.outputs[0], store="far", connection=Connection("duckdb", {"path": "far.duckdb"}))
    faults = list(map(str, CloudQuery().check(replace(job, outputs=(far, job.outputs[1])))))
    assert faults == ["its outputs are in several Stores (far, w); make one Transform for each"]


def test_outputs_that_the_connection_of_the_first_would_put_elsewhere_are_told(job: Job) -> None:
    server = {"host": "db", "database": "shop"}
    first, second = (
        replace(each, store=each.name, connection=Connection("postgres", {**server, "schema": each.name}))
        for each in job.outputs
    )
    second = replace(second, place=Place(table="users"))

    faults = list(map(str, CloudQuery().check(replace(job, outputs=(first, second)))))

    assert faults == [
        f"the table users of {second.name} is another one in Store {first.name}, where {first.name} is: name its"
        " schema, or make one Transform for each"
    ]
    second = replace(second, place=Place(table="b.users"))
    assert CloudQuery().check(replace(job, outputs=(first, second))) == []


def test_the_definition_holds_what_decides_the_result_and_nothing_else(job: Job, tmp_path: Path) -> None:
    digest = CloudQuery().definition
    same = [
        replace(job, settings={"tables": list(reversed(job.settings["tables"]))}),
        replace(job, environment="prod", timeout=5),
        replace(job, outputs=(replace(job.outputs[0], description="x"), job.outputs[1])),
        replace(
            job,
            outputs=(
                table("a", Column(name="id", type=DataType.parse("int"), description="x", pii=True)),
                job.outputs[1],
            ),
        ),
        replace(job, outputs=(table("a", *job.outputs[0].columns, database="other.duckdb"), job.outputs[1])),
        replace(job, inputs=(files("a-file", tmp_path / "elsewhere", "a.csv"), job.inputs[1])),
        replace(
            job,
            inputs=(files("renamed", tmp_path, "a.csv"), job.inputs[1]),
            settings={
                "tables": [
                    {**each, "from": {"a-file": "renamed"}.get(each["from"], each["from"])}
                    for each in job.settings["tables"]
                ]
            },
        ),
    ]
    other = [
        replace(job, settings={**job.settings, "writeMode": "append"}),
        replace(job, outputs=(table("a", Column(name="id", type=DataType.parse("bigint"))), job.outputs[1])),
        replace(
            job,
            outputs=(table("a", Column(name="id", type=DataType.parse("integer"), primary_key=True)), job.outputs[1]),
        ),
        replace(
            job, outputs=(table("a", Column(name="id", type=DataType.parse("integer"), nullable=False)), job.outputs[1])
        ),
        replace(job, inputs=(files("a-file", tmp_path, "a.csv", nulls=["NA"]), job.inputs[1])),
        replace(job, inputs=(files("a-file", tmp_path, "c.csv"), job.inputs[1])),
    ]

    assert {digest(each) for each in same} == {digest(job)}
    assert len({digest(each) for each in [job, *other]}) == len(other) + 1


def test_secrets_stand_in_variables_only() -> None:
    rendered = Rendered()
    rendered.documents = [rendered.safe({"token": Secret('a"b'), "path": "odd ${HOME}", "list": [Secret("x"), 3]})]

    assert json.loads(rendered.text) == {
        "token": "${DATAKIT_VALUE_0}",
        "path": "${DATAKIT_VALUE_1}",
        "list": ["${DATAKIT_VALUE_2}", 3],
    }
    assert rendered.secret_env == {"DATAKIT_VALUE_0": Secret('a\\"b'), "DATAKIT_VALUE_2": Secret("x")}
    assert rendered.env == {"DATAKIT_VALUE_1": "odd ${HOME}"}


def test_a_workload_is_the_same_for_the_same_job_and_needs_this_machine(job: Job) -> None:
    workload = CloudQuery().render(job)
    assert workload == CloudQuery().render(job)
    assert "sync $(DATAKIT_FOLDER)/cloudquery.yaml" in " ".join(workload.argv)
    assert [*workload.needs] == ["shares_filesystem"]
    with pytest.raises(JobFailedError, match="nothing fills the output b"):
        CloudQuery().render(replace(job, settings={"tables": [{"from": "a-file", "to": "a"}]}))


def _said(*lines: str) -> tuple[Output, list[str]]:
    shown: list[str] = []
    output = Output({"raw.t": "t"}, shown.append)
    for line in lines:
        output.take(line)
    return output, shown


RESULT = Event("result", "raw.t 5 rows", "raw.t", 5).line()
SUMMARY = '2026-01-01T00:00:00Z INF Sync summary duration=1s errors={} module=cli result="…" warnings=0'


def test_progress_is_shown_and_rows_are_counted() -> None:
    progress = Event("progress", "raw.t 5,000 rows", "raw.t", 5000).line()
    output, shown = _said(progress, Event("note", "1 column left out").line(), RESULT, SUMMARY.format(0))

    assert shown == ["t 5,000 rows"]
    assert output.outcome(0).counts == {"t": 5}
    assert output.outcome(0).notes == ("1 column left out",)


@pytest.mark.parametrize(
    ("lines", "code", "cause"),
    [
        ([Event("error", "a.csv, line 2: bad").line(), "Error: failed to sync"], 1, "a.csv, line 2: bad"),
        (["Error: failed to sync v3: rpc error: code = Unknown desc = boom"], 1, "failed to sync v3: boom"),
        ([Event("ended", "the source plugin ended during the sync (signal 9)").line()], 1, "the source plugin ended"),
        (["strange"], 7, "CloudQuery ended with exit code 7"),
        ([RESULT, SUMMARY.format(2)], 0, "CloudQuery reported 2 errors"),
        ([RESULT, Event("error", "late").line()], 0, "late"),
        ([SUMMARY.format(0)], 0, "no rows were committed to t"),
    ],
)
def test_a_failure_is_never_taken_for_success(lines: list[str], code: int, cause: str) -> None:
    output, _ = _said(*lines)

    with pytest.raises(JobFailedError) as failure:
        output.outcome(code)

    assert failure.value.cause.startswith(cause) or cause in failure.value.cause
