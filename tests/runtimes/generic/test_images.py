"""Jobs in images, by the container engine of this machine: docker where it answers, else podman."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from datakit_iac.executors import containers
from datakit_iac.executors.local.processes import LocalProcesses
from datakit_iac.executors.protocol import Cancelled, unkept, unmet
from datakit_iac.manifest.models.process import ResourceAmounts, Resources
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.runtimes.execution import rendered
from datakit_iac.runtimes.job import JobFailedError
from datakit_iac.runtimes.registry import runtime
from tests.runtimes.generic.conftest import Shop
from tests.servers import podman

IMAGE = "localhost/datakit-job:1.0.0"
MAIN = """
    package main

    import (
        "fmt"
        "os"
        "os/signal"
        "syscall"
        "time"
    )

    func main() {
        switch os.Args[1] {
        case "say":
            fmt.Println("VERSION", os.Args[2:], os.Getenv("DK_STORE_TYPE_WARE_HOUSE"), os.Getenv("TOKEN") == "t0k3n/x")
        case "write":
            if err := os.WriteFile(os.Args[2], []byte("written"), 0o644); err != nil {
                panic(err)
            }
        case "fail":
            fmt.Fprintln(os.Stderr, "boom")
            os.Exit(3)
        case "stay":
            signal.Ignore(syscall.SIGTERM, syscall.SIGINT)
            fmt.Println("up")
            time.Sleep(time.Hour)
        case "fill":
            var kept [][]byte
            for {
                block := make([]byte, 8<<20)
                for place := range block {
                    block[place] = 1
                }
                kept = append(kept, block)
            }
        }
    }
"""


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], containers.Engine]:
    """Makes the image, of a program that says a version; the settings are those of machines with few rights."""
    folder = tmp_path_factory.mktemp("images")
    variables = podman.settings(folder)

    def build(version: str) -> containers.Engine:
        os.environ |= variables
        engine = containers.engine()
        if engine is None and os.environ.get("CI") != "true":
            pytest.skip(f"jobs in images need one of them: {containers.missing()}")
        assert engine, containers.missing()
        (folder / "main.go").write_text(MAIN.replace("VERSION", version))
        go = {**os.environ, "CGO_ENABLED": "0"}
        subprocess.run(["go", "build", "-o", "job", "main.go"], cwd=folder, env=go, check=True)
        subprocess.run(["tar", "cf", "job.tar", "job"], cwd=folder, check=True)
        imported = [engine.path, "import", "--change", 'ENTRYPOINT ["/job"]', "job.tar", IMAGE]
        subprocess.run(imported, cwd=folder, check=True, capture_output=True)
        return engine

    return build


@pytest.fixture
def engine(build: Callable[[str], containers.Engine], monkeypatch: pytest.MonkeyPatch) -> containers.Engine:
    for name in ("CONTAINERS_CONF", "CONTAINERS_STORAGE_CONF"):
        monkeypatch.setenv(name, "")  # as it was, afterwards
    return build("first")


def containers_of(engine: containers.Engine) -> str:
    done = subprocess.run([engine.path, "ps", "--all", "--quiet"], capture_output=True, text=True, check=True)
    return done.stdout


def job(shop: Shop, *command: str, **more: Any) -> Any:
    return shop.job(*command, image=IMAGE, settings={}, **more)


def test_an_image_runs_with_its_stores_and_its_secrets(shop: Shop, engine: containers.Engine) -> None:
    shop.run(job(shop, "/job", "say", "a b", variables={"TOKEN": Secret("t0k3n/x")}))
    assert shop.shown == ["first [a b] duckdb true"]
    shop.run(job(shop, "/job", "write", str(shop.database)))
    assert shop.database.read_text() == "written"
    assert containers_of(engine) == ""


def test_what_fails_in_an_image_is_told(shop: Shop, engine: containers.Engine) -> None:
    with pytest.raises(JobFailedError) as failed:
        shop.run(job(shop, "/job", "fail"))
    assert (failed.value.cause, failed.value.lines) == ("`/job fail` failed with exit code 3", ("boom",))
    with pytest.raises(JobFailedError) as failed:
        shop.run(job(shop, "/no-such-thing"))
    assert "/no-such-thing" in "\n".join(failed.value.lines)
    limits = Resources(limits=ResourceAmounts(memory="64Mi", cpu="500m"))
    with pytest.raises(JobFailedError) as failed:
        shop.run(job(shop, "/job", "fill", resources=limits))
    told = "the container was killed, as one is that uses more memory than its limit, 64Mi"
    assert (failed.value.cause, failed.value.lines) == ("`/job fill` failed with exit code 137", (told,))
    assert containers_of(engine) == ""


def test_a_container_that_ignores_signals_is_ended_and_removed(shop: Shop, engine: containers.Engine) -> None:
    stopped: list[float] = []

    def stop() -> None:
        stopped.append(time.monotonic())
        shop.cancel.set()

    def show(text: str) -> None:
        if text == "up":
            Timer(0.1, stop).start()

    shop.shown = type("Shown", (list,), {"append": staticmethod(show)})()
    with pytest.raises(Cancelled):
        shop.run(job(shop, "/job", "stay"))
    assert time.monotonic() - stopped[0] < 10
    assert containers_of(engine) == ""


def test_another_content_of_an_image_is_another_definition(
    shop: Shop, engine: containers.Engine, build: Callable[[str], containers.Engine]
) -> None:
    before = shop.definition(job(shop, "/job", "say"))
    assert shop.definition(job(shop, "/job", "say")) == before
    build("second")
    assert shop.definition(job(shop, "/job", "say")) != before


def test_an_image_that_is_not_here_is_refused_with_the_way_to_have_it(shop: Shop, engine: containers.Engine) -> None:
    executor = LocalProcesses(shop.root)
    workload = rendered(runtime("generic-python"), job(shop, "/job"))
    assert [*unmet(executor, workload), *unkept(executor, workload)] == []
    absent = replace(workload, image="localhost/no-such-job:1.0.0")
    (refused,) = unmet(executor, absent)
    assert refused.startswith(f"the image {absent.image} is not on this machine; `{engine.name} pull {absent.image}`")


def test_a_machine_without_an_engine_says_what_was_looked_for(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker = tmp_path / "docker"
    docker.write_text("#!/bin/sh\necho Cannot connect to the Docker daemon >&2\nexit 1\n")
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    workload = rendered(runtime("generic-python"), job(shop, "/job"))
    (refused,) = unmet(LocalProcesses(shop.root), workload)
    assert refused == (
        f"nothing runs {IMAGE} on this machine: {docker} does not answer (Cannot connect to the Docker daemon);"
        " podman is not on PATH"
    )
    with pytest.raises(JobFailedError, match="podman is not on PATH"):
        shop.run(job(shop, "/job"))
