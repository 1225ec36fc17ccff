"""Where secrets come from, in which order, and what is refused."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from datakit_iac.environment.resolve import resolve
from datakit_iac.environment.secrets import file as secrets_file
from datakit_iac.environment.secrets.sources import Secrets, Source, SourceError, of_process
from datakit_iac.findings.finding import Finding
from datakit_iac.manifest.loading.loader import load
from tests.environment.test_resolve import ENVIRONMENT, FILES, LAKE
from tests.manifest.writing import only, write

PLANTED = "hunter2-planted"


def safe(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text(text)
    return file


def secrets(folder: Path, **variables: str) -> Secrets:
    return Secrets((of_process(variables), secrets_file.of_file(folder, variables)))


def told(folder: Path, given: Secrets) -> list[Finding]:
    """The findings on a Store that takes one secret, but for what its technology thinks of it."""
    lake = LAKE.replace("}}", "}, secrets: {key: '${TOKEN}'}}")
    (folder / "data").mkdir(exist_ok=True)
    found = resolve(load(write(folder, FILES, lake, ENVIRONMENT)), "dev", given).findings
    return [each for each in found if each.code != "invalid-connection"]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_an_unset_secret_names_its_store_and_every_place_in_order(tmp_path: Path) -> None:
    found = only(told(tmp_path, secrets(tmp_path)))
    assert (found.code, found.path) == ("unset-variable", "spec.secrets.key")
    assert found.message == (
        "Store lake takes its secret key from ${TOKEN}, which is not set; "
        "looked in the process's environment, then the file .datakit/secrets.env"
    )
    assert found.hint == "export TOKEN=…, or TOKEN=… in .datakit/secrets.env"


def test_a_file_of_secrets_gives_what_the_process_does_not(tmp_path: Path) -> None:
    safe(tmp_path / ".datakit/secrets.env", f"# ours\nexport TOKEN='{PLANTED}'\nOTHER=of the file\n")
    given = secrets(tmp_path, OTHER="of the process")
    assert told(tmp_path, given) == []
    assert (given.find("TOKEN"), given.find("OTHER"), given.find("NONE")) == (PLANTED, "of the process", None)


def test_the_file_may_be_named(tmp_path: Path) -> None:
    file = safe(tmp_path / "elsewhere" / "mine", f"TOKEN={PLANTED}")
    assert secrets(tmp_path, DATAKIT_SECRETS_FILE=str(file)).find("TOKEN") == PLANTED


def test_a_named_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    found = only(told(tmp_path, secrets(tmp_path, DATAKIT_SECRETS_FILE="nowhere")))
    assert (found.code, found.message) == (
        "secrets-file",
        "Store lake needs TOKEN: the file of secrets nowhere cannot be read: No such file or directory",
    )


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o602])
def test_a_file_that_is_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    safe(tmp_path / ".datakit/secrets.env", f"TOKEN={PLANTED}").chmod(mode)
    found = only(told(tmp_path, secrets(tmp_path)))
    assert (found.code, found.hint) == ("secrets-file", "chmod 600 .datakit/secrets.env")
    assert f"mode {mode:04o}" in found.message


def test_a_file_that_git_tracks_is_refused(tmp_path: Path) -> None:
    file = safe(tmp_path / "secrets.env", f"TOKEN={PLANTED}")
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    assert secrets_file.read(file) == {"TOKEN": PLANTED}
    subprocess.run(["git", "add", "secrets.env"], cwd=tmp_path, check=True)
    with pytest.raises(SourceError, match="is tracked by git") as refused:
        secrets_file.read(file)
    assert "git rm --cached secrets.env" in refused.value.hint


@pytest.mark.parametrize("line", ["just words", "TOKEN", "=value", "a b=c"])
def test_a_line_that_is_none_is_told_by_its_number_and_not_shown(tmp_path: Path, line: str) -> None:
    file = safe(tmp_path / "secrets.env", f"GOOD={PLANTED}\n\n{line}\n")
    with pytest.raises(SourceError, match=r"secrets\.env:3: this is not a line") as refused:
        secrets_file.read(file)
    assert line not in str(refused.value)


def test_a_value_refers_to_nothing_else(tmp_path: Path) -> None:
    assert secrets_file.read(safe(tmp_path / "mine", "A=1\nB='${A}$HOME'")) == {"A": "1", "B": "${A}$HOME"}


@pytest.mark.parametrize("content", [b"\xff\xfe", b"A=\x80"])
def test_a_file_that_is_not_text_is_told(tmp_path: Path, content: bytes) -> None:
    file = safe(tmp_path / "mine", "")
    file.write_bytes(content)
    with pytest.raises(SourceError, match="it is not UTF-8"):
        secrets_file.read(file)


def test_a_folder_is_no_file_of_secrets(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir(mode=0o700)
    with pytest.raises(SourceError, match="is not a file"):
        secrets_file.read(tmp_path / "mine")


def test_a_later_source_is_not_asked_where_an_earlier_one_knows(tmp_path: Path) -> None:
    asked: list[str] = []
    given = Secrets((of_process({"TOKEN": "a"}), Source("a vault", asked.append)))
    assert given.find("TOKEN") == "a"
    assert asked == []
    assert given.find("OTHER") is None
    assert asked == ["OTHER"]
