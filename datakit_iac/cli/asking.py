"""Asking people, line by line; the questions go to standard error, since they are no result."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from datakit_iac.cli.exits import UsageError


def demand_terminal() -> None:
    """Refuse to ask where nobody would answer.

    Raises:
        UsageError: standard input is no terminal.
    """
    if not sys.stdin.isatty():
        raise UsageError("--interactive asks questions, and standard input is no terminal", "give options instead")


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
        print(f"{question}{f' [{default}]' if default else ''}: ", end="", file=sys.stderr, flush=True)
        line = sys.stdin.readline()
        if not line:
            print(file=sys.stderr)
            raise UsageError("the answers ended; nothing was written")
        answer = line.strip() or default
        if not (wrong := check(answer)):
            return answer
        print(f"  {wrong}", file=sys.stderr)


def choose(question: str, choices: Sequence[str], *, default: str = "", optional: bool = False) -> str:
    """One of several words; empty where it is optional and none was given."""
    from datakit_iac.manifest.finding import nearest

    def check(answer: str) -> str:
        is_fine = answer in choices or (optional and not answer)
        return "" if is_fine else f"{answer!r} is none of them; {nearest(answer, choices)}"

    return ask(f"{question} ({', '.join(choices)})", default=default, check=check)
