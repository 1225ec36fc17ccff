"""From the words of a command line to the command's module, and from whatever happens there to an exit code."""

from __future__ import annotations

import gc
import importlib
import os
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable, Sequence
from typing import Final, NoReturn, TextIO, cast

from datakit_iac.cli import exit_codes
from datakit_iac.cli.registry import COMMANDS, SECTIONS, Command, CommandModule
from datakit_iac.findings.visible import visible
from datakit_iac.version import __version__

_NEW_OBJECTS: Final = 1_000_000
"""New objects before the garbage collector runs: all that is read is kept; 700 would take a quarter of `dk lint`."""


def process() -> NoReturn:
    """Run `dk` as a process of its own, and end it at once, without freeing what was read."""
    code = main()
    sys.stderr.flush()
    os._exit(code)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `dk`.

    Args:
        arguments: what comes after `dk` on the command line; the process's own where it is None.

    Returns:
        The exit code: 0 fine, 1 findings, 2 usage, 3 environment or tool missing, 130 interrupted.
    """
    gc.set_threshold(_NEW_OBJECTS)
    sys.stdout, sys.stderr = _writable(sys.stdout), _writable(sys.stderr)
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = _ended(lambda: _run(words))
        sys.stdout.flush()
    except BrokenPipeError:
        _discard_output()
        return exit_codes.BROKEN_PIPE
    return code


def _run(words: list[str]) -> int:
    if words and words[0] in ("-V", "--version"):
        print(f"dk {__version__}")
        return exit_codes.FINE
    if words and words[0] == "__complete":
        from datakit_iac.cli import candidates

        return candidates.run(words[1:])
    if command := _called(words):
        return _call(command, words[len(command.words) :])
    group = [command for command in COMMANDS if words and command.words[0] == words[0]]
    rest = words[1:] if group else words
    if any(word in ("-h", "--help") for word in rest[:1]):
        print(_group_help(group) if group else _help())
        return exit_codes.FINE
    if not rest:
        print(_group_help(group) if group else _help(), file=sys.stderr)
        return exit_codes.USAGE
    raise _unknown(group, rest[0])


def _called(words: Sequence[str]) -> Command | None:
    called = [each for each in COMMANDS if tuple(words[: len(each.words)]) == each.words]
    return max(called, key=lambda each: len(each.words), default=None)


def _call(command: Command, arguments: Sequence[str]) -> int:
    module = cast("CommandModule", importlib.import_module(command.module))
    parser = ArgumentParser(
        prog=f"dk {command.name}",
        description=module.__doc__,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    module.configure(parser)
    return module.run(parser.parse_intermixed_args(arguments))


def _unknown(group: Sequence[Command], word: str) -> exit_codes.UsageError:
    from datakit_iac.findings.nearest import nearest

    if word.startswith("-"):
        return exit_codes.UsageError(f"unknown option {word!r} before a command", "see `dk --help`")
    if group:
        name, known = f"{group[0].words[0]} {word}", [command.name for command in group]
    else:
        name, known = word, sorted({command.words[0] for command in COMMANDS})
    return exit_codes.UsageError(f"unknown command {name!r}", nearest(name, known))


def _help() -> str:
    width = max(len(command.name) for command in COMMANDS) + 2
    lines = ["usage: dk COMMAND …", "       dk --version | --help", ""]
    lines += ["Data platforms as a Pulumi program: manifests become resources.", ""]
    for title, section in SECTIONS.items():
        lines += [f"{title}:", *(f"  {command.name:<{width}}{command.summary}" for command in section), ""]
    lines += ["`dk COMMAND --help` shows the options of a command."]
    lines += ["Exit codes: 0 fine, 1 findings, 2 usage, 3 environment or tool missing."]
    return "\n".join(lines)


def _group_help(group: Sequence[Command]) -> str:
    width = max(len(command.name) for command in group) + 2
    lines = [f"usage: dk {group[0].words[0]} COMMAND …", ""]
    return "\n".join([*lines, *(f"  {command.name:<{width}}{command.summary}" for command in group)])


def _ended(run: Callable[[], int]) -> int:
    """The exit code of a run, and on standard error the reason where it did not come to its end."""
    try:
        return run()
    except SystemExit as stop:  # argparse, after it has said why
        return stop.code if isinstance(stop.code, int) else exit_codes.USAGE
    except KeyboardInterrupt:
        return exit_codes.INTERRUPTED
    except BrokenPipeError:
        raise
    except exit_codes.UsageError as fault:
        return _said(str(fault), exit_codes.USAGE)
    except OSError as fault:
        return _said(str(fault), exit_codes.MISSING)
    except Exception as fault:
        return _unforeseen(fault)


def _unforeseen(fault: Exception) -> int:
    from datakit_iac.history.database import HistoryError
    from datakit_iac.toolchain.errors import ToolchainError

    if isinstance(fault, ToolchainError | HistoryError):
        return _said(str(fault), exit_codes.MISSING)
    if os.environ.get("DATAKIT_TRACEBACK"):
        raise fault
    kind = type(fault).__name__
    return _said(
        f"internal error (please report it): {kind}: {fault}\n  DATAKIT_TRACEBACK=1 shows where", exit_codes.INTERNAL
    )


def _said(text: str, code: int) -> int:
    print(visible(f"dk: {text}", lines=True), file=sys.stderr)
    return code


def _writable(stream: TextIO | None) -> TextIO:
    """A stream that takes everything: where it is closed, to no effect; where it is not UTF-8, with question marks."""
    if stream is None:
        return os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure:
        reconfigure(errors="replace")
    return stream


def _discard_output() -> None:
    """Send what is still buffered nowhere, or the interpreter complains about the broken pipe as it ends."""
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, sys.stdout.fileno())
