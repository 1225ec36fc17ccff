"""The module of a new function: what a Transform in Python begins with."""

from __future__ import annotations

import keyword
from collections.abc import Mapping, Sequence
from pathlib import Path

from datakit_iac.manifest.models.dataset import DataSet
from datakit_iac.manifest.project import Project


def module(project: Project, name: str) -> Path:
    """The file of a function."""
    return project.root / "transforms" / f"{_identifier(name)}.py"


def text(name: str, inputs: Sequence[DataSet], outputs: Sequence[DataSet]) -> str:
    """A function that gives the columns of its inputs on, where they are those of its outputs."""
    parameters = ", ".join(f"{_identifier(each.name)}: Table" for each in inputs)
    values = {each.name: _rows(each, inputs) for each in outputs}
    is_whole = None not in values.values()
    form = "Table" if inputs else "list[dict[str, Any]]"
    returned = form if len(outputs) == 1 else f"dict[str, {form}]"
    rows = [*values.values()]
    several = ", ".join(f'"{key}": {value}' for key, value in values.items())
    body = f"return {rows[0]}" if len(rows) == 1 else f"return {{{several}}}"
    names = "Table, transform" if inputs else "transform"
    given = f"inputs={_mapping({_identifier(each.name): each.name for each in inputs})}, " if inputs else ""
    lines = [
        f'"""The Transform {name}."""',
        "",
        "from __future__ import annotations",
        "",
        *([] if inputs else ["from typing import Any", ""]),
        f"from datakit_iac import {names}",
        "",
        "",
        f"@transform({given}outputs={_mapping({each.name: each.name for each in outputs})})",
        f"def {_identifier(name)}({parameters}) -> {returned}:",
        f'    """Compute {" and ".join(each.name for each in outputs)}."""',
        f"    {body if is_whole else 'raise NotImplementedError'}",
    ]
    return "\n".join(lines) + "\n"


def _rows(output: DataSet, inputs: Sequence[DataSet]) -> str | None:
    """What the first version returns for an output; None where that is unknown."""
    wanted = [column.name for column in output.spec.columns]
    for each in inputs:
        if wanted and {*wanted} <= {column.name for column in each.spec.columns}:
            return f"{_identifier(each.name)}.select({_list(wanted)})"
    if not inputs and [(column.name, str(column.type)) for column in output.spec.columns] == [("id", "integer")]:
        return '[{"id": 1}]'
    return None


def _list(names: Sequence[str]) -> str:
    quoted = ", ".join(f'"{each}"' for each in names)
    return f"[{quoted}]"


def _mapping(names: Mapping[str, str]) -> str:
    pairs = ", ".join(f'"{key}": "{value}"' for key, value in names.items())
    return f"{{{pairs}}}"


def _identifier(name: str) -> str:
    found = name.replace("-", "_")
    return f"{found}_" if keyword.iskeyword(found) else found
