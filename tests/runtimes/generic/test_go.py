"""Programs in Go, which are built before they run."""

from __future__ import annotations

import pytest

from datakit_iac.runtimes.job import JobFailedError
from tests.runtimes.generic.conftest import Shop

MAIN = """
    package main

    import (
        "fmt"
        "os"
    )

    func main() {
        fmt.Println(os.Getenv("DK_STORE_TYPE_WARE_HOUSE"), os.Args[1:])
    }
"""


@pytest.fixture
def go(shop: Shop) -> Shop:
    shop.write("go.mod", "module load\n\ngo 1.21\n")
    shop.write("main.go", MAIN)
    return shop


@pytest.mark.parametrize(
    ("command", "arguments"), [(("go", "run", ".", "--full"), "[--full]"), (("./load", "a"), "[a]"), ((), "[]")]
)
def test_a_folder_is_built_and_run(go: Shop, command: tuple[str, ...], arguments: str) -> None:
    job = go.job(*command, runtime="generic-go")
    go.run(job)
    assert go.shown == ["building . with Go", f"duckdb {arguments}"]
    go.run(job)
    assert go.shown[2:] == [f"duckdb {arguments}"]
    go.write("main.go", MAIN.replace("fmt.Println(", 'fmt.Println("new", '))
    go.run(job)
    assert go.shown[3:] == ["building . with Go", f"new duckdb {arguments}"]


def test_code_that_does_not_compile_fails_with_the_words_of_go_and_is_not_tried_again(go: Shop) -> None:
    go.write("main.go", "package main\n\nfunc main() { nothing() }\n")
    with pytest.raises(JobFailedError) as failed:
        go.run(go.job("go", "run", ".", runtime="generic-go", retries=3))
    assert failed.value.cause == f"`go build .` of {go.code} failed"
    assert any("main.go:3:15: undefined: nothing" in line for line in failed.value.lines)


def test_a_package_without_a_program_fails(go: Shop) -> None:
    go.write("main.go", "package load\n")
    with pytest.raises(JobFailedError) as failed:
        go.run(go.job(runtime="generic-go"))
    assert failed.value.lines == (". is not `package main`",)


def test_a_machine_without_go_and_a_folder_without_a_module_are_said(go: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    (go.code / "go.mod").unlink()
    monkeypatch.setenv("PATH", "/nowhere")
    compiler, module = go.faults(go.job(runtime="generic-go"))
    assert compiler.startswith("go is not on PATH; install Go")
    assert module == f"there is no go.mod in {go.code}; `go mod init NAME` there writes it"
    assert go.faults(go.job("./run.sh", "--x", runtime="generic-go", settings={"project": "x"})) == [
        "there is no folder x"
    ]
