"""What an engine's command line would have an update do beside its plan."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from datakit_iac.approval.options import Options
from datakit_iac.toolchain import policy_pack

UP = ("up", "--stack", "prod", "--yes")


def refused(*words: str) -> list[str]:
    return [each.message.partition(":")[0] for each in Options((*UP, *words), Path.cwd()).objections()]


@pytest.mark.parametrize(
    ("words", "options"),
    [
        (("--refresh",), ["--refresh"]),
        (("--refresh=true",), ["--refresh"]),
        (("-r",), ["--refresh"]),
        (("-fyr",), ["--refresh"]),
        (("--target", "urn"), ["--target"]),
        (("-turn",), ["--target"]),
        (("--target=urn", "--exclude", "urn", "--target", "b"), ["--target", "--exclude"]),
        (("--replace", "urn"), ["--replace"]),
        (("--target-replace", "urn"), ["--target-replace"]),
        (("--refresh=false",), []),
        (("-r=false",), []),
        (
            ("--skip-preview", "--policy-pack", "x", "--config-file", "y", "--parallel=4", "-mretry", "-sprod", "-p4"),
            [],
        ),
    ],
)
def test_what_does_something_else_than_the_plan_is_refused(words: tuple[str, ...], options: list[str]) -> None:
    assert refused(*words) == options


def test_where_nothing_can_be_seen_nothing_is_refused() -> None:
    assert [*Options((), Path.cwd()).objections()] == []


def test_the_updates_own_policy_packs_look_on_at_its_preview(tmp_path: Path) -> None:
    ours = str(policy_pack.FOLDER)
    words = ("--policy-pack", f"company,{ours}", "--policy-pack-config=a.json,policy-pack.json")
    seen = Options((*UP, *words), tmp_path)
    assert seen.packs == (
        f"--policy-pack={tmp_path}/company",
        f"--policy-pack={ours}",
        f"--policy-pack-config={tmp_path}/a.json",
        f"--policy-pack-config={tmp_path}/policy-pack.json",
    )
    assert seen.is_packed
    assert not Options(UP, tmp_path).is_packed


PROGRAM = "from datakit_iac.approval.options import of_engine; print(*of_engine().words, of_engine().folder)"


def test_an_engine_is_seen_above_the_program_it_runs_where_there_is_proc(tmp_path: Path) -> None:
    engine = tmp_path / "pulumi"
    engine.symlink_to("/bin/sh")
    script = f"cd {tmp_path}; (exec sh -c '\"$0\" -c \"$1\"; :' {sys.executable} '{PROGRAM}'); :"
    said = subprocess.run([engine, "-c", script, "up", "--refresh"], capture_output=True, text=True, check=True)
    seen = ["up", "--refresh"] if Path("/proc/self/cmdline").exists() else []
    assert said.stdout.split()[-len(seen) - 1 :] == [*seen, str(tmp_path)]
