"""What the engine would do, as it tells in the log of its events, and what the program says of its project.

The log is what the engine's own Automation API reads (`--event-log`). Saved update plans (`--save-plan`) are not used:
they are experimental, with known faults (pulumi#8985).
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from datakit_iac.approval.configuration import Configuration, ConfigurationError
from datakit_iac.approval.plan import Operation, Subject, Urn, digest
from datakit_iac.manifest import wording
from datakit_iac.toolchain.errors import ToolchainError
from datakit_iac.version import __version__

SUBJECT_FILE: Final = "DATAKIT_SUBJECT_FILE"
"""The variable that names the file into which a previewed program writes its `Subject`."""

_UNCHANGED: Final = frozenset({"same", "refresh", "read"})
_ROOT: Final = "pulumi:pulumi:Stack"
"""The engine's own root of every stack, which is in the state from the first try on, even of a refused one."""

_PLATFORM: Final = "datakit:index:Platform"

APPLIED: Final = "plan"
"""The output of a Platform that tells the digest of the plan that was applied to it last."""

_FROM_DATA: Final[Mapping[str, frozenset[str]]] = {"datakit:index:Run": frozenset({"versions", "generations"})}
"""Inputs that follow the data and not the definition: that a Run happens is approved, not each version of a source."""


def configuration_beside(subject: Path) -> Path:
    """The file into which a previewed program writes the digest of its `Configuration`, beside its `Subject`."""
    return subject.with_suffix(".configuration")


class _Event(BaseModel):
    """As much of the engine's `resourcePreEvent` as is read here."""

    model_config = ConfigDict(defer_build=True)

    op: str
    urn: Urn
    type: str
    diffs: list[str] | None = None
    detailed_diff: dict[str, Any] | None = Field(default=None, alias="detailedDiff")
    old: dict[str, Any] | None = None
    new: dict[str, Any] | None = None


class PreviewError(Exception):
    """A preview did not come to its end; the text is what the engine said."""


@dataclass(frozen=True, slots=True)
class Recording:
    """Where a preview writes what it would do.

    Attributes:
        arguments: further arguments of the engine.
        environment: the variables it runs with.
    """

    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    _log: Path
    _subject: Path

    def operations(self) -> tuple[Operation, ...]:
        """What the engine would do, in the order of URNs.

        Raises:
            ToolchainError: the engine's log has a line that cannot be read.
        """
        found = {operation for event in self._events() if (operation := _operation(event))}
        return tuple(sorted(found, key=lambda each: (each.urn, each.op)))

    def applied(self) -> str:
        """The digest of the plan that was applied last, as the state tells; empty where none was.

        Raises:
            ToolchainError: the engine's log has a line that cannot be read.
        """
        return ", ".join(sorted({digest for event in self._events() if (digest := _applied(event))}))

    def subject(self) -> Subject | None:
        """The project of the program's Platform; None where the program has none.

        Raises:
            ToolchainError: the program has written one that cannot be read.
        """
        try:
            return Subject.model_validate_json(self._subject.read_bytes())
        except FileNotFoundError:
            return None
        except ValidationError as invalid:
            first = invalid.errors(include_input=False, include_url=False)[0]
            field = "".join(f"{part}." for part in first["loc"]).removesuffix(".")
            said = f"{field}: {wording.sentence(first)}" if field else wording.sentence(first)
            raise ToolchainError(
                f"what the program says of its project cannot be read: {said}",
                expected=f"a program that imports datakit_iac {__version__}, as this `dk` is",
                fix="run the `dk` of the program's own virtual environment",
            ) from invalid

    def configuration(self) -> str:
        """The digest of the program's configuration; empty where it has not given one."""
        file = configuration_beside(self._subject)
        return file.read_text(encoding="utf-8") if file.exists() else ""

    def _events(self) -> list[_Event]:
        """What the engine reported of each resource before it would do something to it."""
        lines = self._log.read_text(encoding="utf-8").splitlines() if self._log.exists() else []
        return [event for place, line in enumerate(lines, 1) if (event := _read(place, line))]


@contextmanager
def recording() -> Iterator[Recording]:
    """Room for one preview's events, for its user alone, and gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="datakit-plan-") as folder:
        log, subject = Path(folder, "events.json"), Path(folder, "subject.json")
        variables = {**os.environ, SUBJECT_FILE: str(subject), "PULUMI_DEBUG_COMMANDS": "true"}
        yield Recording(("--event-log", str(log)), variables, log, subject)


def fresh(
    engine: Path, folder: Path, stack: str, configuration: Configuration, packs: Sequence[str] = ()
) -> tuple[tuple[Operation, ...], str]:
    """What the engine would do now, and the digest of the plan that was applied last.

    It may be asked while an update of the same stack runs: a preview locks nothing.

    Args:
        engine: the `pulumi` to run.
        folder: the Pulumi project's.
        stack: the stack's name.
        configuration: the update's, which the stack's own file need not hold.
        packs: the engine's arguments for the policy packs that look on; what they put right is part of a plan.

    Raises:
        PreviewError: the preview failed.
        ToolchainError: what it would do cannot be read.
    """
    words = [str(engine), "preview", "--stack", stack, "--non-interactive", "--color", "never", *packs]
    with recording() as record:
        failed = _failure(words, folder, record)
        if record.configuration() == configuration.digest:
            return _operations(record, failed)
    try:
        with configuration.written(engine, folder, stack) as file, recording() as record:
            failed = _failure([*words, "--config-file", str(file)], folder, record)
            if not failed and record.configuration() != configuration.digest:
                failed = "it read another configuration than this update, whose own could not be passed to it"
            return _operations(record, failed)
    except ConfigurationError as fault:
        raise PreviewError(str(fault)) from fault


def _failure(words: list[str], folder: Path, record: Recording) -> str:
    """What the engine said of a preview that failed; empty where it did not."""
    # The running update's own telemetry is not this preview's.
    variables = {name: each for name, each in record.environment.items() if name != "PULUMI_LOG_OTLP_ENDPOINT"}
    command = [*words, *record.arguments]
    ended = subprocess.run(
        command, cwd=folder, env=variables, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    return ((ended.stdout + ended.stderr).strip() or f"it ended with {ended.returncode}") if ended.returncode else ""


def _operations(record: Recording, failed: str) -> tuple[tuple[Operation, ...], str]:
    if failed:
        raise PreviewError(failed)
    return record.operations(), record.applied()


def _read(place: int, line: str) -> _Event | None:
    try:
        event = json.loads(line).get("resourcePreEvent")
        return _Event.model_validate(event["metadata"]) if event else None
    except (ValueError, LookupError, TypeError, AttributeError) as fault:
        raise ToolchainError(
            f"line {place} of the engine's log of events cannot be read: {type(fault).__name__}: {fault}",
            expected="the events of `pulumi preview --event-log`, one JSON object a line",
            fix="run it again; `dk doctor` shows the engine and its version",
        ) from fault


def _operation(event: _Event) -> Operation | None:
    if event.op in _UNCHANGED or event.type == _ROOT:
        return None
    changes = event.detailed_diff or event.diffs or ()
    inputs = (event.new or {}).get("inputs") or {}
    given = {name: value for name, value in inputs.items() if name not in _FROM_DATA.get(event.type, ())}
    return Operation(urn=event.urn, op=event.op, changes=tuple(sorted(changes)), inputs=digest(given) if given else "")


def _applied(event: _Event) -> str:
    """The digest of the plan that was applied last to a Platform."""
    outputs = (event.old or {}).get("outputs") or {}
    return str(outputs.get(APPLIED, "")) if event.type == _PLATFORM else ""
