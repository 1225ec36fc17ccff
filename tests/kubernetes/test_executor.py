"""The executor `kubernetes` on a real cluster: the suite of all executors, and what only a cluster does."""

from __future__ import annotations

import time
from typing import Any, ClassVar

import pytest

from datakit_iac.executors.kubernetes.jobs import KubernetesJobs
from datakit_iac.executors.kubernetes.settings import KubernetesSettings
from datakit_iac.executors.lines import Lines
from datakit_iac.executors.protocol import Execution, Executor, ExecutorError
from datakit_iac.executors.workload import FOLDER, Workload
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.testing import ExecutorSuite
from tests.kubernetes.waiting import until

pytestmark = pytest.mark.kubernetes


@pytest.fixture
def executor(cluster: dict[str, str], namespace: str) -> Executor:
    return KubernetesJobs(KubernetesSettings(image=cluster["image"], namespace=namespace))


class TestKubernetes(ExecutorSuite):
    """Jobs of a cluster."""

    apart: ClassVar[float] = 3

    @pytest.fixture
    def executor(self, cluster: dict[str, str], namespace: str) -> Executor:
        return KubernetesJobs(KubernetesSettings(image=cluster["image"], namespace=namespace))

    def test_lines_of_both_streams_come_in_order(self, executor: Executor) -> None:
        """That of each stream: a cluster keeps them apart until they are in the log."""
        lines = _lines(executor.start(Workload(["sh", "-c", "echo one; echo two >&2; printf 'three\\r\\n'"])))
        assert (sorted(lines), lines.index("one") < lines.index("three")) == (["one", "three", "two"], True)

    def test_a_hundred_thousand_lines_all_arrive(self, executor: Executor) -> None:
        """A while before its end: what a container prints last, its runtime may lose."""
        lines = _lines(executor.start(Workload(["sh", "-c", "seq 100000; sleep 3"])))
        assert lines == [str(number) for number in range(1, 100001)]


def _lines(execution: Execution) -> list[str]:
    try:
        return [*Lines(execution)]
    finally:
        execution.cancel()


@pytest.mark.parametrize(
    ("settings", "workload", "reason"),
    [
        ({}, {"image": "localhost/missing:1"}, "localhost/missing:1.*ImagePull"),
        ({}, {"argv": ["no-such-program"]}, "has no program no-such-program"),
        ({}, {"resources": {"requests": {"memory": "2Gi"}, "limits": {"memory": "1Gi"}}}, "must be less than or equal"),
        ({"service_account": "missing"}, {}, 'the cluster refused the pod of job: .*"missing" not found'),
        ({"context": "missing"}, {}, "there is no cluster to run jobs on"),
    ],
)
def test_what_cannot_run_is_an_error_within_seconds(
    cluster: dict[str, str], namespace: str, settings: dict[str, Any], workload: dict[str, Any], reason: str
) -> None:
    where = {"image": cluster["image"], "namespace": namespace, **settings}
    executor = KubernetesJobs(KubernetesSettings(**where))
    began = time.monotonic()
    with pytest.raises((ExecutorError, FileNotFoundError), match=reason):
        _lines(executor.start(Workload(**{"argv": ["true"], **workload})))
    assert time.monotonic() - began < 60


def test_a_second_start_attaches_and_what_belongs_to_a_job_goes_with_it(
    executor: KubernetesJobs, namespace: str, api: Any
) -> None:
    from kubernetes import client

    core, script = client.CoreV1Api(api), 'echo begun; sleep 6; cat "$0"; test "$TOKEN" = hidden && echo same'
    workload = Workload(
        ["sh", "-c", script, f"{FOLDER}/a/note"], secret_env={"TOKEN": Secret("hidden")}, files={"a/note": "read\n"}
    )
    first = executor.start(workload)
    while first.receive(1) is None:
        pass
    second = executor.start(workload)  # as another process does, when the first one has died
    assert _lines(second) == ["begun", "read", "same"]
    made = client.BatchV1Api(api).list_namespaced_job(namespace).items
    assert [each for each in made if each.metadata.deletion_timestamp is None] == []
    until(lambda: not core.list_namespaced_secret(namespace).items)
    first.cancel()
