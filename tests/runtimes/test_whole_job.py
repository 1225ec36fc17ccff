"""Jobs as JSON, carried to an executor without this machine's files."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet, DataSetReference
from datakit_iac.contract.encoding import Encoded, MissingSecretError, decoded
from datakit_iac.contract.job import Job
from datakit_iac.executors.kubernetes.jobs import KubernetesJobs
from datakit_iac.manifest.models.column import Column
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.manifest.models.process import Resources
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.runtimes.job import JobFailedError
from datakit_iac.runtimes.registry import runtime
from datakit_iac.runtimes.whole_job import FORMAT, MARK, carried_by


def job(**fields: Any) -> Job:
    server = Connection("postgres", {"host": "db", "port": 5432, "database": "shop"}, {"password": Secret("hunter2")})
    columns = (Column.model_validate({"name": "id", "type": "decimal(10,2)", "primaryKey": True, "tests": ["unique"]}),)
    source = BoundDataSet("from", "shop", server, Place(table="shop.a"), columns)
    other = replace(server, secrets={"password": Secret("other")})
    target = BoundDataSet("to", "shop", other, Place(table="raw.a"), columns, "All.", (), ("t",), retention="30d")
    return Job(
        **{
            "transform": "t",
            "runtime": "cloudquery",
            "settings": {"writeMode": "append"},
            "inputs": (source,),
            "outputs": (target,),
            "context": (DataSetReference("z", "shop", Place(table="raw.z")),),
            "environment": "prod",
            "timeout": 3.5,
            "identity": "ab12",
            "variables": {"REGION": "eu", "TOKEN": Secret("s3cr3t")},
            "image": "registry.example.com/a:1",
            "resources": Resources.model_validate({"limits": {"memory": "1Gi"}}),
            "retries": 2,
            "given": "cd34",
            "generations": {"to": "g1"},
            **fields,
        }
    )


def test_a_job_is_the_same_after_json_and_its_secrets_are_only_named() -> None:
    made = Encoded(job())
    text = json.dumps(made.document)
    assert not [each for each in ("hunter2", "other", "s3cr3t") if each in text]
    values = {name: each.reveal() for name, each in made.secrets.items()}
    assert sorted(values.values()) == ["hunter2", "other", "s3cr3t"]
    assert decoded(json.loads(text), values) == job()
    with pytest.raises(MissingSecretError, match="DATAKIT_SECRET_ENV_TOKEN"):
        decoded(json.loads(text), {})


def test_a_job_is_another_where_what_it_fills_is() -> None:
    carried = carried_by(runtime("cloudquery"), job(), KubernetesJobs())
    one, same, other = (carried.render(job(generations={"to": each})).key for each in ("g1", "g1", "g2"))
    assert (one == same, one == other) == (True, False)


def test_a_store_in_a_file_of_this_machine_is_refused(tmp_path: Path) -> None:
    file = Connection("duckdb", {"path": str(tmp_path / "w.duckdb")})
    there = job(outputs=(replace(job().outputs[0], store="warehouse", connection=file),))
    carried = carried_by(runtime("cloudquery"), there, KubernetesJobs())
    assert [str(fault) for fault in carried.check(there) if "warehouse" in str(fault)]
    with pytest.raises(JobFailedError, match=r"the Store warehouse is .*w\.duckdb on this machine"):
        carried.render(there)


def worked(file: Path, document: object) -> tuple[int, dict[str, Any]]:
    """What the worker says of a document last."""
    file.write_text(document if isinstance(document, str) else json.dumps(document))
    done = subprocess.run(
        [sys.executable, "-m", "datakit_iac.executors.worker", str(file)],
        cwd=file.parent, capture_output=True, text=True, check=False,
        env=dict.fromkeys(Encoded(job()).secrets, "x"),
    )  # fmt: skip
    assert not done.stderr
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1].removeprefix(MARK))
    return done.returncode, said


def test_the_worker_refuses_what_it_cannot_read_or_was_defined_otherwise(tmp_path: Path) -> None:
    whole = {"format": FORMAT, "definition": "other", **Encoded(job()).document}
    for document, reason in (
        ("{", "there is no job in"),
        ({**whole, "format": 99}, "the job has format 99"),
        ({**whole, "run": {}}, "reads jobs otherwise"),
        (whole, "are not those of the project; nothing was run"),
    ):
        code, said = worked(tmp_path / "job.json", document)
        assert (code, said["failed"]["final"], reason in said["failed"]["cause"]) == (1, True, True), said
