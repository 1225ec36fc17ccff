"""Completion, through a real bash too: quick, and never an error in the prompt."""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from datakit_iac.cli.registry import COMMANDS
from tests.cli.conftest import Dk, dataset
from tests.cli.test_dispatch import HEAVY
from tests.manifest.writing import CONNECTOR, write

BIN = Path(sys.executable).parent


def spent() -> float:
    """Seconds of CPU that child processes have taken."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def completed(dk: Dk, *words: str) -> list[str]:
    said = dk("__complete", *words)
    assert (said.code, said.err) == (0, "")
    return [line.partition("\t")[0] for line in said.out.splitlines()]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["li"], ["lint"]),
        (["dataset", "sh"], ["show"]),
        (["lint", "--str"], ["--strict"]),
        (["lint", "--output", ""], ["text", "json", "github", "sarif"]),
        (["lint", "--output=j"], ["--output=json"]),
        (["lint", "--output", "=", "j"], ["json"]),
        (["dataset", "show", "u"], ["users"]),
        (["dataset", "create", "new", "--store", ""], ["warehouse"]),
        (["connector", "show", ""], ["duckdb"]),
        (["validate", "--env", ""], ["dev"]),
        (["pipeline", "show", "--destination", "s"], ["summary"]),
        (["pipeline", "impact", "r"], ["raw", "report"]),
        (["lint", ""], [":files"]),
        (["dataset", "show", "users", "--output", "y"], ["yaml"]),
        (["frobnicate", ""], []),
        (["--v"], ["--version"]),
    ],
    ids=str,
)
def test_what_may_stand_there_is_offered(dk: Dk, project: Path, words: list[str], expected: list[str]) -> None:
    assert completed(dk, *words) == expected


def test_every_command_is_offered_and_completes_its_options(dk: Dk, project: Path) -> None:
    assert {command.words[0] for command in COMMANDS} <= set(completed(dk, ""))
    for command in COMMANDS:
        assert "--help" in completed(dk, *command.words, "--")


def test_names_are_found_however_they_are_written(dk: Dk, project: Path) -> None:
    block = "kind: DataSet\nmetadata:\n  labels: {a: b}\n\n  # ours\n  name: 'block-one'\nspec: {}\n"
    text = f"apiVersion: datakit.infoblox.dev/v1alpha1\n{block}---\n{dataset('flow-one')}"
    (project / "more.yaml").write_text(text)
    (project / "broken.yaml").write_text(f"{dataset('half')} [")
    (project / "odd.yaml").write_bytes(b"datakit.\xff\0")
    assert {"block-one", "flow-one", "half"} <= set(completed(dk, "dataset", "show", ""))


def test_the_versions_of_a_connector_that_has_several_are_offered(dk: Dk, project: Path) -> None:
    block = CONNECTOR.replace("{type: duckdb, version: 1.4.2,", '\n  type: duckdb\n  version: "0.9.0"\n  #')
    write(project, block, file="connector/old.yaml")
    assert completed(dk, "connector", "show", "") == ["duckdb", "duckdb@1.4.2", "duckdb@0.9.0"]
    assert completed(dk, "connector", "show", "duckdb@0") == ["duckdb@0.9.0"]


def test_nothing_is_said_where_nothing_can_be_read(dk: Dk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert completed(dk, "dataset", "show", "") == []
    assert completed(dk) != []


def test_it_imports_nothing_heavy_and_is_quick(project: Path) -> None:
    program = "import sys; from datakit_iac.cli import main; main(['__complete', 'dataset', 'show', 'u'])\n"
    program += "print(*sys.modules, file=sys.stderr)"
    begun = spent()
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], cwd=project, capture_output=True, text=True, check=True
    )
    assert done.stdout == "users\tDataSet\n"
    assert {name.partition(".")[0] for name in done.stderr.split()} & HEAVY == set()
    assert spent() - begun < 0.3


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_a_script_that_asks_dk(dk: Dk, shell: str) -> None:
    said = dk("completion", shell)
    assert said.code == 0
    assert "__complete" in said.out
    if found := shutil.which(shell):
        subprocess.run([found, "-n"], input=said.out, text=True, check=True)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("dk dataset show u", "users"),
        ("dk lint --output = j", "json"),
        ("dk lint --strict dataset/r", "dataset/raw.yaml"),
        ("dk validate --env d", "dev"),
        ("dk frobnicate x", ""),
    ],
)
def test_a_real_bash_completes(project: Path, words: str, expected: str) -> None:
    program = f"""
        PATH="{BIN}:$PATH"; eval "$(dk completion bash)"; complete -p dk >/dev/null || exit 1
        COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _dk; printf '%s' "${{COMPREPLY[*]}}"
    """
    done = subprocess.run(["bash", "--norc", "-c", program], cwd=project, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, expected, "")
