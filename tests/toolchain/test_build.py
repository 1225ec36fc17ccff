from __future__ import annotations

import threading
from pathlib import Path

import pytest

from datakit_iac.toolchain.engine import build, cache, search
from datakit_iac.toolchain.engine.probe import MINIMUM, Way
from datakit_iac.toolchain.errors import ToolchainError
from tests.toolchain.conftest import script

FAKE_GO = """
test -f go.mod && test -f go.sum && test -f tools.go || exit 9
echo "$@" >> {log}
if [ "$1" = list ]; then echo "go: downloading example.com/one v1"; echo one; echo two; exit 0; fi
while [ "$1" != -o ]; do shift; done
echo example.com/one >&2
mkdir -p "$(dirname "$2")"
printf '#!/bin/sh\\necho v{version}\\n' > "$2"
chmod +x "$2"
"""


@pytest.fixture
def go_log(tmp_path: Path, machine: dict[str, str]) -> Path:
    log = tmp_path / "go.log"
    script(tmp_path / "bin" / "go", FAKE_GO.format(log=log, version=MINIMUM))
    return log


def test_the_module_is_pinned_to_the_minimum() -> None:
    module = (build.MODULE_FOLDER / "go.mod").read_text()

    assert f"require github.com/pulumi/pulumi/pkg/v3 v{MINIMUM}\n" in module
    assert f"github.com/pulumi/pulumi/pkg/v3 v{MINIMUM} h1:" in (build.MODULE_FOLDER / "go.sum").read_text()


@pytest.mark.usefixtures("go_log")
def test_a_built_engine_is_kept_in_the_cache(machine: dict[str, str]) -> None:
    cache.engines_folder(machine).mkdir(parents=True)

    attempt = build.build(machine)

    assert attempt.engine is not None
    assert attempt.engine.path == cache.engines_folder(machine) / MINIMUM / "bin" / "pulumi"
    assert [entry.name for entry in cache.engines_folder(machine).iterdir()] == [MINIMUM]


def test_the_build_says_what_it_does(machine: dict[str, str], go_log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cache.engines_folder(machine).mkdir(parents=True)

    build.build(machine)

    said = capsys.readouterr().err
    assert "1 modules downloaded, 2 packages to compile" in said
    assert f"compiling Pulumi v{MINIMUM}, once on this machine" in said
    assert "-mod=readonly -trimpath" in go_log.read_text()


def test_a_build_that_fails_shows_its_last_lines_and_leaves_nothing(machine: dict[str, str], tmp_path: Path) -> None:
    script(tmp_path / "bin" / "go", "echo 'no space left on device'; exit 1")
    cache.engines_folder(machine).mkdir(parents=True)

    with pytest.raises(ToolchainError) as caught:
        build.build(machine)

    assert caught.value.details == ("no space left on device",)
    assert "put it on PATH" in caught.value.fix
    assert list(cache.engines_folder(machine).iterdir()) == []


def test_two_set_ups_at_once_build_one_engine(machine: dict[str, str], tmp_path: Path, go_log: Path) -> None:
    no_sdk = script(tmp_path / "python", "exit 1")
    found: list[search.Search] = []
    both = [threading.Thread(target=lambda: found.append(search.obtain(no_sdk, machine))) for _ in range(2)]

    for thread in both:
        thread.start()
    for thread in both:
        thread.join()

    assert {one.engine.way for one in found if one.engine} == {Way.BUILD, Way.CACHE}
    assert go_log.read_text().count("build -v") == 1
