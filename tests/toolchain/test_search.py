from __future__ import annotations

import sys
from pathlib import Path

import pytest

from datakit_iac.toolchain.engine import cache, search
from datakit_iac.toolchain.engine.probe import MINIMUM, Way, is_new_enough, parse
from datakit_iac.toolchain.errors import ToolchainError
from tests.toolchain.conftest import StubEngine, script

NO_SDK = Path(sys._base_executable)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("version", "accepted"),
    [
        ("v3.259.0", True),
        ("3.272.1", True),
        ("v3.260.0-alpha.x1f", True),
        ("v3.258.9", False),
        ("v4.0.0", False),
        ("development", False),
    ],
)
def test_an_engine_is_new_enough_from_the_minimum_of_the_same_major(version: str, accepted: bool) -> None:
    assert is_new_enough(version) is accepted


def test_a_version_is_three_numbers() -> None:
    assert parse("v3.259.0") == (3, 259, 0)
    assert parse("3.259") is None


def test_the_engine_on_path_comes_first(machine: dict[str, str], stub_engine: StubEngine) -> None:
    on_path = stub_engine("v3.300.0")
    stub_engine("v3.400.0", cache.engines_folder(machine) / "3.400.0" / "bin")

    found = search.look(machine)

    assert found.engine is not None
    assert (found.engine.path, found.engine.version, found.engine.way) == (on_path, "3.300.0", Way.PATH)


def test_an_engine_too_old_is_passed_over_and_reported(machine: dict[str, str], stub_engine: StubEngine) -> None:
    stub_engine("v3.100.0")
    cached = stub_engine("v3.260.0", cache.engines_folder(machine) / "3.260.0" / "bin")

    found = search.look(machine)

    assert [attempt.way for attempt in found.attempts] == [Way.PATH, Way.CACHE]
    assert found.attempts[0].outcome == f"v3.100.0 is there, v{MINIMUM} or newer of the same major is needed"
    assert found.engine is not None
    assert found.engine.path == cached


def test_the_newest_in_the_cache_is_taken(machine: dict[str, str], stub_engine: StubEngine) -> None:
    for version in ("3.259.0", "3.300.0", "3.99.0"):
        stub_engine(f"v{version}", cache.engines_folder(machine) / version / "bin")

    found = search.look(machine)

    assert found.engine is not None
    assert found.engine.version == "3.300.0"


def test_our_own_wrapper_is_no_engine(machine: dict[str, str], tmp_path: Path) -> None:
    script(tmp_path / "bin" / "pulumi", "# Written by datakit's set-up.\necho v3.300.0")

    assert search.look(machine).engine is None


def test_something_that_is_no_engine_is_reported_with_what_it_said(machine: dict[str, str], tmp_path: Path) -> None:
    script(tmp_path / "bin" / "pulumi", "echo 'cannot open display'; exit 7")

    assert search.look(machine).attempts[0].outcome == ("`pulumi version` ended with 7 and said: cannot open display")


def test_without_any_way_the_error_lists_each_with_its_outcome(machine: dict[str, str]) -> None:
    with pytest.raises(ToolchainError) as caught:
        search.obtain(NO_SDK, machine)

    lines = caught.value.details
    assert [line.partition(":")[0] for line in lines] == ["PATH", "cache", "cache", "installer", "build"]
    assert "failed: ModuleNotFoundError" in lines[3]
    assert "no `go` on PATH" in lines[4]
    assert "Go" in caught.value.fix


def test_an_installer_that_hangs_is_stopped(machine: dict[str, str], tmp_path: Path) -> None:
    hanging = script(tmp_path / "python", "sleep 60")
    machine["DATAKIT_INSTALLER_TIMEOUT"] = "0.3"

    with pytest.raises(ToolchainError, match="no Pulumi engine") as caught:
        search.obtain(hanging, machine)

    assert "stopped after 0 s" in caught.value.details[3]
    assert list(cache.engines_folder(machine).glob(".filling-*")) == []


def test_what_the_installer_downloads_is_kept(machine: dict[str, str], tmp_path: Path) -> None:
    installing = script(
        tmp_path / "python",
        'mkdir -p "$3/bin"; printf "#!/bin/sh\\necho v3.272.0\\n" > "$3/bin/pulumi"; chmod +x "$3/bin/pulumi"',
    )

    found = search.obtain(installing, machine)

    assert found.engine is not None
    assert found.engine.way is Way.INSTALLER
    assert found.engine.path == cache.engines_folder(machine) / "3.272.0" / "bin" / "pulumi"
    assert search.look(machine).engine is not None
