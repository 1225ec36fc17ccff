"""What dbt did, as the worker says it of each node."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from datakit_iac.runtimes.job import JobFailedError, Relation, RunResult

_KINDS: Final = {"model": "models", "test": "tests", "unit_test": "tests", "seed": "seeds", "snapshot": "snapshots"}
_GOOD: Final = ("success", "pass", "warn")
_BAD: Final = ("error", "fail", "runtime error", "partial success")
_MANY_LINES: Final = 12
_MANY_FAILURES: Final = 5
_PATH_IN_HEADLINE: Final = re.compile(r"^(.+ Error) in .+ \((.+)\)$")
_PATH: Final = re.compile(r"\(((?:[\w.-]+/)*[\w.-]+\.(?:sql|py|ya?ml|csv))\)")
_UNDECLARED: Final = re.compile(r"Env var required but not provided: '(\w+)'")
_NOISE: Final = re.compile(r"^(compiled code at |> in macro |> called by )")


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one node.

    Attributes:
        id: dbt's unique ID.
        kind: dbt's resource type.
        name: the node's name.
        file: its file, as the user knows it.
        status: dbt's word.
        message: dbt's text, or empty.
        failures: the number of rows that failed a test.
        subject: what a test tests, e.g. ``stg_flights.carrier``; else empty.
    """

    id: str
    kind: str
    name: str
    file: str
    status: str
    message: str
    failures: int
    subject: str = ""

    def __str__(self) -> str:
        """What it is and where it is."""
        kind = "test" if self.kind == "unit_test" else self.kind
        subject = f" of {self.subject}" if self.subject else ""
        return f"{kind} {self.name}{subject} ({self.file})"


def outcome(
    results: Sequence[Result], warnings: Sequence[str], building: Mapping[str, Mapping[str, Any]], database: str
) -> RunResult:
    """The result of a build.

    Args:
        results: what became of each node, in dbt's order.
        warnings: what dbt warned of.
        building: what the worker said it would make, by the ID of its node.
        database: dbt's name of the database of the outputs.

    Raises:
        JobFailedError: a node failed, an output was not made, or nothing was selected.
    """
    if not results:
        raise JobFailedError(
            "the selection matches no models of the dbt project, so nothing was built", tuple(warnings)
        )
    if failed := [result for result in results if result.status in _BAD]:
        raise _failure(failed, results)
    done = {result.id for result in results if result.status in _GOOD}
    for uid, each in building.items():
        if each["output"] and uid not in done:
            raise JobFailedError(f"{each['name']} was not built, so DataSet {each['output']} was not made")
    counts = Counter(_KINDS[result.kind] for result in results if result.id in done and result.kind in _KINDS)
    warned = [f"{each} warns: {_rows(each)}" for each in results if each.status == "warn"]
    skipped = [f"{each} was skipped" for each in results if each.status == "skipped"]
    made = {uid: each for uid, each in building.items() if uid in done}
    return RunResult(
        dict(counts),
        (*_beside(made), *warned, *skipped, *dict.fromkeys(warnings)),
        tuple(
            Relation(each["name"], each["place"], each["kind"], each["output"])
            for each in made.values()
            if each["database"].lower() == database.lower()
        ),
    )


def _beside(made: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """What was made that is not an output, in one line."""
    names = sorted(f"{each['name']} ({each['place']})" for each in made.values() if not each["output"])
    if names:
        verb = "models are" if len(names) > 1 else "model is"
        yield (
            f"{len(names)} {verb} built and no output: {', '.join(names)}; "
            "add DataSets for what is read elsewhere, or leave it out of `select`"
        )


def parse_failure(error: str, project: Path, overlay: Sequence[str]) -> JobFailedError:
    """The failure of a build that dbt could not begin: its error in the user's words and places, not the overlay's."""
    for folder in overlay:
        error = error.replace(folder, str(project))
    found = [_PATH.sub(lambda match: f"({project / match.group(1)})", line) for line in _lines(error)]
    headline, *lines = found or ["dbt gave no reason"]
    if match := _PATH_IN_HEADLINE.match(headline):
        headline = f"{match.group(1)} in {match.group(2)}"
    if lines:
        headline = f"{headline}: {lines.pop(0)}"
    return JobFailedError(f"dbt cannot build {project}: {headline}", tuple(lines[:_MANY_LINES]))


def _failure(failed: Sequence[Result], results: Sequence[Result]) -> JobFailedError:
    first = failed[0]
    headline, lines = _explained(first)
    rest = [f"{each}: {_explained(each)[0]}" for each in failed[1:_MANY_FAILURES]]
    if len(failed) > _MANY_FAILURES:
        rest.append(f"and {len(failed) - _MANY_FAILURES} more failed")
    done = sum(result.status in _GOOD for result in results)
    skipped = sum(result.status == "skipped" for result in results)
    tally = f"{done} of {len(results)} models and tests succeeded, {len(failed)} failed, {skipped} were skipped"
    return JobFailedError(f"{first} failed: {headline}", (*lines, *rest, tally))


def _explained(result: Result) -> tuple[str, tuple[str, ...]]:
    """What happened to one node: a sentence and the lines that matter."""
    if result.status == "fail" and result.failures:
        return _rows(result), ()
    lines = list(_lines(result.message))
    if lines and _PATH_IN_HEADLINE.match(lines[0]):
        del lines[0]
    headline = lines.pop(0) if lines else result.status
    return headline, tuple(lines[:_MANY_LINES])


def _rows(result: Result) -> str:
    return f"{result.failures:,} row{'s' if result.failures != 1 else ''} failed"


def _lines(text: str) -> Iterator[str]:
    for line in _UNDECLARED.sub(_declaring, text).splitlines():
        if line.strip() and not _NOISE.match(line.strip()):
            yield line.strip() if not line.startswith("    ") else line.rstrip().removeprefix("  ")


def _declaring(match: re.Match[str]) -> str:
    name = match.group(1)
    return (
        f"env_var('{name}') is used without a default, and the Transform does not declare it: "
        f'`env: [{{name: {name}, value: "${{{name}}}"}}]`'
    )
