"""What `dk dataset create --interactive` asks: Store, place, what it is, and its columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from datakit_iac.cli.exit_codes import UsageError
from datakit_iac.cli.prompts import ask, choose, demand_terminal
from datakit_iac.manifest.models.dataset import Classification, Format
from datakit_iac.manifest.project import Project
from datakit_iac.manifest.values.place_kinds import PLACES
from datakit_iac.manifest.values.types import DataType

_CHOICES: Final = {"classification": Classification, "format": Format}


def answers(project: Project, given: Mapping[str, Any], *, is_new: bool) -> dict[str, Any]:
    """The fields of the spec: those that were given, and the answers for the others.

    Args:
        project: the project, for its Stores.
        given: what the command line says already.
        is_new: whether columns are asked, and not only what was left out.

    Raises:
        UsageError: standard input is not a terminal, or there is no Store.
    """
    from typing import get_args

    demand_terminal()
    values = dict(given)
    if is_new and "store" not in values:
        values["store"] = _store(project)
    if is_new and not any(each in values for each in PLACES):
        place = choose("Where it is", PLACES, default="table")
        values[place] = ask(place.capitalize(), check=lambda answer: "" if answer else "it needs one")
    for name, words in _CHOICES.items():
        if name not in values and (name != "format" or "table" not in values):
            values[name] = choose(name.capitalize(), get_args(words), optional=True)
    for name in ("owner", "description"):
        if name not in values:
            values[name] = ask(name.capitalize())
    if is_new:
        values["schema"] = list(_columns())
    return {name: value for name, value in values.items() if value}


def _store(project: Project) -> str:
    if not project.stores:
        raise UsageError("the project has no Store", "write one first: kind: Store")
    names = tuple(project.stores)
    return choose("Store", names, default=names[0] if len(names) == 1 else "")


def _columns() -> Iterator[dict[str, Any]]:
    seen: set[str] = set()
    while name := ask("Column, or nothing to end", check=lambda answer: _wrong_column(answer, seen)):
        seen.add(name.lower())
        column: dict[str, Any] = {"name": name, "type": ask("  type", default="string", check=_wrong_type)}
        if not len(seen) > 1 and _yes("  primary key", default="no"):
            column["primaryKey"] = True
        yield {**column, "pii": _yes("  personal data (PII)", default="no")}


def _wrong_column(name: str, seen: set[str]) -> str:
    return f"there is a column {name!r} already" if name.lower() in seen else ""


def _wrong_type(text: str) -> str:
    try:
        DataType.parse(text)
    except ValueError as fault:
        hint = getattr(fault, "hint", "")
        return f"{fault}; {hint}" if hint else str(fault)
    return ""


def _yes(question: str, *, default: str) -> bool:
    return choose(question, ("yes", "no"), default=default) == "yes"
