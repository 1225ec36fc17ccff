"""Calling a function: its inputs in the forms that it asks for, and what it returned, by output."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datakit_iac.functions.annotations import form
from datakit_iac.functions.importing import described, user_place
from datakit_iac.runtimes.python.conversion import Inputs
from datakit_iac.runtimes.python.fault import FunctionFault
from datakit_iac.runtimes.python.writing import Output, Rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa


def called(
    function: Callable[..., Any],
    readers: Mapping[str, pa.RecordBatchReader],
    outputs: Mapping[str, Output],
    folder: Path | None = None,
) -> list[Rows]:
    """The rows that a function gives, by output; streams are not read yet.

    Args:
        function: what is called.
        readers: the rows of each parameter.
        outputs: by the keys of a mapping that it returns; of a single one it returns the rows themselves.
        folder: where what is larger than the memory may be kept.

    Raises:
        FunctionFault: an input cannot be given, or something else is returned.
    """
    inputs = Inputs(folder)
    given = {name: inputs.given(form(function, name), name, rows) for name, rows in readers.items()}
    returned = function(**given)
    if len(outputs) == 1:
        ((key, output),) = outputs.items()
        value = returned[key] if isinstance(returned, dict) and [*returned] == [key] else returned
        return [Rows(output, value, f"what {function.__name__} returned")]
    if not isinstance(returned, Mapping) or {*returned} != {*outputs}:
        raise FunctionFault(
            f"{function.__name__} returned {_shown(returned)}; expected a mapping with {', '.join(outputs)},"
            " which are its outputs"
        )
    return [
        Rows(output, returned[key], f"{key}, which {function.__name__} returned,") for key, output in outputs.items()
    ]


@contextmanager
def failures(name: str, folders: Sequence[Path], shown: Callable[[Path], str] = str) -> Iterator[None]:
    """What a function raises, as a fault that says where in its modules.

    Args:
        name: the function's.
        folders: of its modules.
        shown: a module as people know it.
    """
    from datakit_iac.cloudquery_plugins.fault import PluginFault  # late: where nothing is run, it is not needed

    try:
        yield
    except (FunctionFault, PluginFault, KeyboardInterrupt):
        raise
    except BaseException as fault:
        if isinstance(inner := fault.__cause__, FunctionFault):  # Arrow wraps what a stream raises
            raise inner from None
        place = user_place(fault, [str(each) for each in folders])
        where = f"\n{shown(place[0])}:{place[1]}: {_line(*place)}" if place else ""
        raise FunctionFault(f"{name} raised {described(fault)}{where}", is_final=False) from fault


def _line(file: Path, number: int) -> str:
    lines = file.read_text(encoding="utf-8").splitlines()
    return lines[number - 1].strip() if 0 < number <= len(lines) else ""


def _shown(returned: object) -> str:
    if isinstance(returned, Mapping):
        return f"a mapping with {', '.join(map(str, returned)) or 'nothing'}"
    return "None" if returned is None else f"a {type(returned).__name__}"
