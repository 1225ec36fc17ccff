"""Why a Run is repeated, as a preview shows it."""

from __future__ import annotations

from collections.abc import Iterator

from datakit_iac.provider.property_values import UNKNOWN, Unknown, has_unknowns
from datakit_iac.provider.protocol import Properties


def reasons(old: Properties, new: Properties) -> str:
    """Why a run is repeated, in words."""
    found = (
        [f"its definition {_changes(new.get('definition'))}"] if old.get("definition") != new.get("definition") else []
    )
    found += _inputs(old.get("versions") or {}, new.get("versions"))
    return ", ".join([*found, *_outputs(old, new)])


def _changes(value: object) -> str:
    return "may change" if has_unknowns(value) else "changed"


def _inputs(before: Properties, versions: Properties | Unknown | None) -> list[str]:
    if isinstance(versions, Unknown):
        return ["an input may change"]
    after = versions or {}
    left_out = [f"{name} is left out" for name in before if name not in after]
    changed = [name for name, value in after.items() if before.get(name) != value and value is not UNKNOWN]
    may_change = [name for name, value in after.items() if value is UNKNOWN]
    return [*left_out, *(f"{name} changed" for name in changed), *(f"{name} may change" for name in may_change)]


def _outputs(old: Properties, new: Properties) -> list[str]:
    """Why what it fills must be filled again: a table that is recreated, or a column that is added."""
    before, after = old.get("generations") or {}, new.get("generations") or {}
    if after is UNKNOWN:
        return ["an output is recreated"]
    left_out = [f"{name} is left out" for name in before if name not in after]
    names = [name for name, value in after.items() if before.get(name) != value]
    return left_out + [" and ".join(_why(old, new, name)) or f"{name} is recreated" for name in names]


def _why(old: Properties, new: Properties, name: str) -> Iterator[str]:
    """What is recorded of an output beside its generation: columns that are added, writers that are gone."""
    before, after = _output(old, name), _output(new, name)
    known = {column["name"].lower() for column in before.get("schema") or ()}
    for column in after.get("schema") or ():
        if known and column["name"].lower() not in known:
            yield f"column {column['name']} of {name} is added"
    for writer in before.get("writers") or ():
        if writer not in (after.get("writers") or ()):
            yield f"{writer} writes {name} no more"


def _output(run: Properties, name: str) -> Properties:
    """The contract of an output; empty where it is none."""
    outputs = run.get("outputs") or ()
    return next((each for each in outputs if each["name"] == name), {}) if not has_unknowns(outputs) else {}
