"""Asking people, line by line; the questions go to standard error, since they are not a result."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Sequence

from datakit_iac.cli.exit_codes import UsageError


def is_answered() -> bool:
    """Whether questions can be answered: standard input is open, and a terminal."""
    return sys.stdin is not None and sys.stdin.isatty()


def demand_terminal() -> None:
    """Refuse to ask where standard input is not a terminal.

    Raises:
        UsageError: standard input is not a terminal.
    """
    if not is_answered():
        raise UsageError("--interactive asks questions, and standard input is not a terminal", "give options instead")


def agrees(question: str) -> bool:
    """Whether the answer to a question is yes; everything else is no, the end of the input too.

    Args:
        question: without the choice of answers.
    """
    return _line(f"{question} [y/N] ").strip().lower() in ("y", "yes")


def ask(question: str, *, default: str = "", check: Callable[[str], str] = lambda answer: "") -> str:
    """The answer to a question.

    Args:
        question: without a question mark.
        default: what an empty answer means.
        check: says what is wrong with an answer, so that it is asked again; empty where nothing is.

    Raises:
        UsageError: the input ended.
    """
    while True:
        line = _line(f"{question}{f' [{default}]' if default else ''}: ")
        if not line:
            raise UsageError("the answers ended; nothing was written")
        answer = line.strip() or default
        if not (wrong := check(answer)):
            return answer
        print(f"  {wrong}", file=sys.stderr)


def choose(question: str, choices: Sequence[str], *, default: str = "", optional: bool = False) -> str:
    """One of several words; empty where it is optional and none was given."""
    from datakit_iac.findings.nearest import nearest

    def check(answer: str) -> str:
        is_fine = answer in choices or (optional and not answer)
        return "" if is_fine else f"{answer!r} is not one of them; {nearest(answer, choices)}"

    return ask(f"{question} ({', '.join(choices)})", default=default, check=check)


def _line(prompt: str) -> str:
    """The next line of the input; empty where it has ended."""
    print(prompt, end="", file=sys.stderr, flush=True)
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")  # input that is not text is an invalid answer
    line = sys.stdin.readline()
    if not line:
        print(file=sys.stderr)
    return line
