"""Completion in the real shells: bash, and zsh and fish where they are installed (`apt-get install zsh fish`).

What is not installed has no test here, so that none is skipped; the first test says which there are.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import datakit_iac
from tests.manifest.writing import CONNECTOR, write

BIN = Path(sys.executable).parent
SCRIPTS = Path(datakit_iac.__file__).parent / "cli/scaffold/templates/completion"

BASH = """
    eval "$(dk completion bash)"; complete -p dk >/dev/null || exit 1
    COMP_LINE=$1 COMP_POINT=${#1} apart=${1//@/ @ }
    read -r -a COMP_WORDS <<<"${apart//=/ = }"; [[ $1 == *[\\ =] ]] && COMP_WORDS+=('')
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _dk; printf '%s\\n' "${COMPREPLY[@]}"
"""
FISH = "dk completion fish | source; complete -C $argv[1]"
ZSH = """
    zmodload zsh/zpty; export TOLD=$HOME/told
    zpty shell zsh -f -i
    zpty -w shell 'if [[ -f $HOME/_dk ]]; then fpath=($HOME $fpath); autoload -U compinit; compinit -u -D
        else eval "$(dk completion zsh)"; fi; setopt menu_complete; unsetopt beep
        told() { print -r -- "$BUFFER" >$TOLD }; zle -N told; bindkey "^X" told; print ready >$TOLD'
    waited() { repeat 400; do [[ -s $TOLD ]] && return; sleep 0.05; done; print "$1 is missing"; exit 1 }
    waited 'the prompt'; rm $TOLD
    zpty -w -n shell "$1"$'\\t'$'\\x18'; waited 'the line'; zpty -d shell
    [[ $(<$TOLD) == "$1" ]] || { print -r -- "${$(<$TOLD)% }" }
"""
"""What was typed and completed, read off the line editor of an interactive zsh; of several words the first."""

CALLS = {
    "bash": ["bash", "--norc", "-c", BASH, "bash"],
    "fish": ["fish", "--no-config", "-c", FISH, "--"],
    "zsh": ["zsh", "-f", "-c", ZSH, "zsh"],
}
SHELLS = [shell for shell in CALLS if shutil.which(shell)]


def offered(shell: str, line: str, home: Path) -> list[str]:
    """The words that a shell offers for the last one of a line."""
    variables = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(home), "TERM": "xterm"}
    done = subprocess.run([*CALLS[shell], line], env=variables, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    words = [each.partition("\t")[0] for each in done.stdout.splitlines() if each]
    if shell == "zsh":
        return [each.rpartition(" ")[2] for each in words]
    return sorted(words)


def test_bash_is_there_and_each_shell_of_ours_has_a_way_to_be_asked() -> None:
    assert "bash" in SHELLS
    assert {file.name for file in SCRIPTS.iterdir()} == set(CALLS)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("dk li", ["lint"]),
        ("dk dataset ", ["create", "list", "profile", "rows", "show", "validate"]),
        ("dk lint --str", ["--strict"]),
        ("dk lint --output ", ["github", "json", "sarif", "text"]),
        ("dk lint --output=j", ["--output=json"]),
        ("dk dataset show u", ["users"]),
        ("dk pipeline impact r", ["raw", "report"]),
        ("dk env diff dev d", ["dev"]),
        ("dk connector show duckdb@1", ["duckdb@1.3.0", "duckdb@1.4.2"]),
        ("dk connector show duckdb@0", []),
        ("dk lint --strict dataset/r", ["dataset/raw.yaml"]),
        ("dk lint store", ["store/"]),
        ("dk frobnicate x", []),
    ],
)
def test_a_real_shell_completes(project: Path, tmp_path_factory: pytest.TempPathFactory, shell: str, line: str,
                                expected: list[str]) -> None:  # fmt: skip
    write(project, CONNECTOR.replace("1.4.2", "1.3.0"), file="connector/old.yaml")
    found = offered(shell, line, tmp_path_factory.mktemp("home"))
    if shell == "bash":  # which replaces what stands behind an equal sign or begins with @, and marks folders by itself
        expected = [re.sub("^(.*=|duckdb(?=@))|/$", "", each) for each in expected]
    assert found == (expected[:1] if shell == "zsh" else expected)


@pytest.mark.parametrize("shell", SHELLS)
def test_a_real_shell_completes_files_with_spaces(
    project: Path, tmp_path_factory: pytest.TempPathFactory, shell: str
) -> None:
    (project / "my manifests").mkdir()
    home = tmp_path_factory.mktemp("home")
    if shell == "zsh":  # which takes the script from a file too
        (home / "_dk").write_text((SCRIPTS / "zsh").read_text())
    (found,) = offered(shell, "dk lint my", home)
    assert found.replace("\\ ", " ").rstrip("/").endswith("manifests")
