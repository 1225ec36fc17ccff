"""The way from words to a command, and from whatever happens there to an exit code."""

from __future__ import annotations

import importlib
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from datakit_iac.cli.commands import lint
from datakit_iac.cli.registry import COMMANDS
from datakit_iac.version import __version__
from tests.cli.conftest import Dk

DK = Path(sys.executable).with_name("dk")
HEAVY = {"pydantic", "yaml", "pulumi", "networkx", "grpc", "duckdb", "dbt", "packaging", "asyncio"}


def process(*words: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False, cwd=cwd)


def test_the_console_script_runs() -> None:
    done = process(DK, "--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"dk {__version__}\n", "")


@pytest.mark.parametrize("words", ["--help", "--version", "pipeline --help", "lint --help", "apply --help"])
def test_help_and_version_import_nothing_heavy(words: str) -> None:
    program = (
        "import sys; before = set(sys.modules); from datakit_iac.cli import main\n"
        f"code = main({words.split()!r}); print(*set(sys.modules) - before, sep='\\n', file=sys.stderr); sys.exit(code)"
    )
    done = process(sys.executable, "-I", "-c", program)
    imported = {name.partition(".")[0] for name in done.stderr.split()}
    assert (done.returncode, imported & HEAVY) == (0, set())
    assert "argparse" in imported  # so it is really told what was imported
    modules = {each.module for each in COMMANDS} & set(done.stderr.split())
    asked = [each.module for each in COMMANDS if words.startswith(each.name)]
    assert modules == set(asked), "a command is imported when it is called"


@pytest.mark.parametrize("words", ["--help", "--version"])
def test_help_and_version_take_at_most_150_milliseconds_of_cpu(words: str) -> None:
    taken = []
    for _ in range(3):  # the best of three: the first may be warming the disk's cache
        begun = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert process(DK, words).returncode == 0
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(ended.ru_utime - begun.ru_utime + ended.ru_stime - begun.ru_stime)
    assert min(taken) < 0.15


def test_help_names_every_command_and_each_has_help_of_its_own(dk: Dk) -> None:
    said = dk("--help")
    assert said.code == 0
    for command in COMMANDS:
        assert f"  {command.name} " in said.out
        assert importlib.import_module(command.module).__doc__
        own = dk(*command.words, "--help")
        assert (own.code, own.err) == (0, "")
        assert own.out.startswith(f"usage: dk {command.name} ")


def test_no_command_is_a_fault_of_usage_that_shows_the_help(dk: Dk) -> None:
    for words in ([], ["pipeline"]):
        said = dk(*words)
        assert (said.code, said.out) == (2, "")
        assert said.err.startswith("usage: dk ")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["lnt"], "unknown command 'lnt'\n  fix: did you mean 'lint'?"),
        (["pipeline", "shw"], "unknown command 'pipeline shw'\n  fix: did you mean 'pipeline show'?"),
        (["frobnicate"], f"known: {', '.join(sorted({command.words[0] for command in COMMANDS}))}"),
        (["--verbose", "lint"], "unknown option '--verbose'"),
        (["lint", "--outputs"], "unrecognized arguments: --outputs"),
        (["lint", "--output", "xml"], "invalid choice: 'xml'"),
        (["pipeline", "impact"], "required: DATASET|TRANSFORM"),
    ],
)
def test_wrong_words_are_told_with_a_near_match(dk: Dk, words: list[str], told: str) -> None:
    said = dk(*words)
    assert (said.code, said.out) == (2, "")
    assert told in said.err


def test_an_interrupt_is_quiet(dk: Dk, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(options: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(lint, "run", interrupted)
    said = dk("lint")
    assert (said.code, said.out, said.err) == (130, "", "")


def test_a_fault_of_our_own_is_one_line_and_not_taken_for_findings(dk: Dk, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(options: object) -> int:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(lint, "run", broken)
    said = dk("lint")
    assert (said.code, said.out) == (70, "")
    assert (
        said.err == "dk: internal error (please report it): ZeroDivisionError: oh\n  DATAKIT_TRACEBACK=1 shows where\n"
    )


def test_a_reader_that_goes_away_is_quiet() -> None:
    # All that is printed fits no pipe, so that the writer meets its broken end.
    program = "import sys; from datakit_iac.cli import dispatch, main\ndispatch._help = lambda: 'x' * 1_000_000\n"
    child = subprocess.Popen(
        [sys.executable, "-c", program + "sys.exit(main(['--help']))"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert child.stdout is not None
    child.stdout.close()
    assert child.stderr is not None
    with child.stderr as stderr:
        said = stderr.read()
    assert (child.wait(30), said) == (141, b"")


@pytest.mark.parametrize("closed", ["1>&-", "2>&-", "1>&- 2>&-"])
def test_a_stream_that_is_closed_is_no_fault(project: Path, closed: str) -> None:
    said = process("sh", "-c", f'"$0" lint {closed}', DK, cwd=project)
    assert said.returncode == 0
    assert said.stderr == ""


def test_a_terminal_that_knows_no_box_drawing_gets_question_marks(project: Path) -> None:
    done = subprocess.run(
        [DK, "pipeline", "show"], cwd=project, env={"PYTHONIOENCODING": "ascii"}, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"load (generic-python)" in done.stdout


def test_what_was_typed_is_shown_as_it_is(dk: Dk, project: Path) -> None:
    for words in (
        ["l\x1b[2Knt"],
        ["lint", "a\u202eb\n::error::c"],
        ["store", "show", "a\u202e"],
        ["lint", "a://u:p\x07@h"],
    ):
        said = dk(*words)
        assert said.code == 2
        assert "".join(said.err.split("\n")).isprintable(), words
        assert not [line for line in said.err.splitlines() if line.lstrip().startswith("::")]
