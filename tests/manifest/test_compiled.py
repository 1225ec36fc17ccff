"""Validators kept from one process to the next: read sooner, with the same outcome whatever became of them."""

from __future__ import annotations

import marshal
import subprocess
import sys
from pathlib import Path

import pytest

from datakit_iac.manifest import compiled
from datakit_iac.manifest.load import read
from tests.manifest.writing import CONNECTOR, PROJECT, write

READ = """
import sys
from pathlib import Path
from datakit_iac.manifest import compiled
from datakit_iac.manifest.load import read
compiled._file = lambda: sys.argv[2]
project, findings = read(Path(sys.argv[1]), as_records=True)
print("pydantic" in sys.modules, *sorted(name for _, name in project.origins), *findings, sep="\\n")
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write(tmp_path / "project", *PROJECT)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """Where the validators are kept."""
    return tmp_path / "kept" / "models"


def outcome(project: Path, kept: Path) -> tuple[bool, list[str]]:
    """Whether a fresh process imported pydantic to read a project, and what it found."""
    done = subprocess.run(
        [sys.executable, "-c", READ, project, kept],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert not done.stderr
    imported, *found = done.stdout.splitlines()
    return imported == "True", found


def expected(project: Path) -> list[str]:
    """What the models find."""
    read_by_models, findings = read(project)
    names = sorted(name for _, name in read_by_models.origins)
    return "\n".join([*names, *map(str, findings)]).splitlines()


def test_the_second_process_reads_without_pydantic(project: Path, kept: Path) -> None:
    assert outcome(project, kept) == (True, expected(project))
    assert outcome(project, kept) == (False, expected(project))


def test_what_is_wrong_is_told_by_the_models(project: Path, kept: Path) -> None:
    outcome(project, kept)
    write(project, CONNECTOR.replace("version:", "verzion:"), "kind: Store\n", file="connector/wrong.yaml")
    assert outcome(project, kept) == (True, expected(project))


def test_validators_of_another_installation_are_made_anew(project: Path, kept: Path) -> None:
    outcome(project, kept)
    (path, size, time), *others = marshal.loads(kept.read_bytes())[0]
    kept.write_bytes(marshal.dumps(([(path, size, time + 1), *others], {})))
    assert outcome(project, kept)[0]
    assert outcome(project, kept) == (False, expected(project))


@pytest.mark.parametrize("content", [b"", b"\xff", marshal.dumps(None), marshal.dumps((1, 2, 3))])
def test_a_damaged_file_is_made_anew(project: Path, kept: Path, content: bytes) -> None:
    outcome(project, kept)
    kept.write_bytes(content)
    assert outcome(project, kept) == (True, expected(project))
    assert outcome(project, kept) == (False, expected(project))


def test_nothing_unfinished_is_left(project: Path, kept: Path) -> None:
    outcome(project, kept)
    assert [*kept.parent.iterdir()] == [kept]


def test_where_nothing_can_be_kept_the_models_read(project: Path, kept: Path) -> None:
    kept.parent.write_text("a file where a folder should be")
    assert outcome(project, kept) == (True, expected(project))
    assert kept.parent.read_text() == "a file where a folder should be"


def test_they_are_kept_beside_the_bytecode() -> None:
    file = Path(compiled._file())
    assert (file.parent.name, file.suffix) == ("__pycache__", ".models")


def test_a_process_with_pydantic_needs_none(project: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "_file", lambda: str(kept))
    read(project, as_records=True)
    assert not kept.exists()
    assert compiled.kept() == {}
