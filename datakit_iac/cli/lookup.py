"""Names on the command line: the manifest that is meant, or the near match where there is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

from datakit_iac.cli.exit_codes import UsageError

if TYPE_CHECKING:
    from datakit_iac.history.history import History
    from datakit_iac.history.record import RunRecord

Named = TypeVar("Named")


def known(kind: str, name: str, there: Mapping[str, Named]) -> Named:
    """The one of that name.

    Args:
        kind: what it is, e.g. ``DataSet``.
        name: as it was typed.
        there: those that there are.

    Raises:
        UsageError: there is none; the hint has the nearest name.
    """
    if name in there:
        return there[name]
    from datakit_iac.findings.nearest import nearest

    raise UsageError(f"unknown {kind} {name!r}", nearest(name, there))


def demand_name(text: str) -> None:
    """Refuse what cannot be the name of a manifest.

    Raises:
        UsageError: it has another form.
    """
    from pydantic import TypeAdapter, ValidationError

    from datakit_iac.manifest.models.document import Name

    try:
        TypeAdapter(Name).validate_python(text)
    except ValidationError:
        form = "a lower-case letter, then up to 62 lower-case letters, digits and hyphens"
        raise UsageError(f"{text!r} is not a valid name of a manifest", form) from None


def known_run(text: str, history: History) -> RunRecord:
    """The Run that is meant.

    Args:
        text: its identifier, the beginning of it, or a Transform, whose last Run is meant.
        history: the Runs there are.

    Raises:
        UsageError: there is none, or more than one.
    """
    if latest := history.latest(text).get(text):
        return latest.run
    found = history.found(text.lower())
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"more than one Run begins with {text!r}", "type more of it; `dk runs list` shows them")
    raise UsageError(f"unknown Run {text!r}, and no Transform {text!r} that ran", "`dk runs list` shows them")
