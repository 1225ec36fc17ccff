"""The running program: its faults, which are reported together, and what in it is not decided yet."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn
from weakref import WeakKeyDictionary

import pulumi

from datakit_iac.pulumi_compat import monitor, root_directory

if TYPE_CHECKING:
    from datakit_iac.resources.run import Run

_PATIENCE: Final = 10.0
"""Seconds for which other sources are waited for once one was refused."""
_OURS: Final = tuple(f"{Path(module.__file__ or '').parent}{os.sep}" for module in (sys.modules["datakit_iac"], pulumi))


@dataclass(slots=True)
class Program:
    """A program while the engine runs it. A process may run several, one after the other.

    Attributes:
        refused: what is wrong, one text for each resource.
        undecided: Runs that are not known yet to write what they do, since it is an output.
        runs: those that are.
        sound: how many of the Runs were looked at and do not wait for each other.
        asked: what the provider answers of the content of sources.
    """

    refused: list[str] = field(default_factory=list)
    undecided: list[pulumi.Output[object]] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    sound: int = 0
    asked: list[pulumi.Output[Any]] = field(default_factory=list)

    async def refuse(self) -> NoReturn:
        """End the program, once all of it was looked at: this waits until the program's own code has run.

        Raises:
            pulumi.RunError: everything that is wrong.
        """
        raise pulumi.RunError("\n".join(["the program has errors:", *self.refused]))

    async def refuse_sources(self) -> NoReturn:
        """End the program, once the content of all sources that it asked for is known, or a while has passed.

        Raises:
            pulumi.RunError: why the content of each is not known.
        """
        answers: list[asyncio.Future[Any]] = [asyncio.ensure_future(each.future()) for each in self.asked]
        done, _ = await asyncio.wait(answers, timeout=_PATIENCE)
        known = [each.result() for each in done if not each.exception()]
        faults = {each["fault"] for each in known if isinstance(each, Mapping) and "fault" in each}
        raise pulumi.RunError("\n".join(sorted(faults)))

    async def is_decided(self) -> bool:
        """Wait until all that is written is known; False in a preview that cannot know it."""
        return all([await each.is_known() for each in self.undecided])


_PROGRAMS: Final[WeakKeyDictionary[object, Program]] = WeakKeyDictionary()
"""By what takes their registrations."""


def program() -> Program:
    """The program that runs now."""
    taken_by = monitor()
    return _PROGRAMS.setdefault(taken_by, Program()) if taken_by else Program()


def place() -> str:
    """Where the user's own code is now, ``file:line``, the file counted from the Pulumi project's folder."""
    frame = sys._getframe()
    while frame.f_back and frame.f_code.co_filename.startswith(_OURS):
        frame = frame.f_back
    file = Path(frame.f_code.co_filename)
    here = root_directory()
    return f"{file.relative_to(here) if file.is_relative_to(here) else file}:{frame.f_lineno}"


def refused(text: str) -> Awaitable[NoReturn]:
    """Take note of what is wrong with a resource, so that all that is wrong in the program is reported together.

    Args:
        text: where, what, and why.

    Returns:
        What takes the place of the resource's properties: reading them raises all that is wrong.
    """
    running = program()
    if text not in running.refused:
        running.refused.append(text)
    return running.refuse()


def complaint(where: str, what: str, reasons: Iterable[str]) -> str:
    """What is wrong with a resource, in a line for each argument.

    >>> print(complaint("__main__.py:7", "DataSet users", ["tabel: unknown argument"]))
    __main__.py:7: DataSet users is invalid:
        tabel: unknown argument
    """
    return "\n    ".join([f"{where}: {what} is invalid:", *reasons])
