"""`transform` and `dataset`: what authors declare in Python, as the plain data that a manifest is."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from datakit_iac.functions.annotations import EXPECTED, form, shown
from datakit_iac.functions.contract import columns
from datakit_iac.functions.triggers import Trigger, on_change

Function = TypeVar("Function", bound=Callable[..., Any])
DECLARED: Final = "__datakit__"
"""The attribute of a function in which its declaration is."""
RUNTIME: Final = "python"
"""The runtime of functions."""


class DeclarationError(TypeError):
    """What is declared is wrong; the text says what was found, and what was expected."""


@dataclass(frozen=True, slots=True)
class Declared:
    """A DataSet or Transform that is declared in Python.

    Attributes:
        kind: ``DataSet`` or ``Transform``.
        name: its name.
        document: the manifest, but for its `apiVersion`.
        file: where it is declared.
        line: the line there.
        datasets: of a Transform: the DataSets that are declared in Python and that it names.
    """

    kind: str
    name: str
    document: Mapping[str, Any]
    file: Path
    line: int
    datasets: tuple[Declared, ...] = field(default=(), repr=False)


def dataset(
    name: str,
    *,
    store: str,
    table: str | None = None,
    prefix: str | None = None,
    topic: str | None = None,
    schema: object = None,
    description: str | None = None,
    labels: Mapping[str, str] | None = None,
    **further: Any,
) -> Declared:
    """Declare a DataSet, as a manifest does.

    >>> users = dataset("users", store="warehouse", table="users", schema={"id": int, "email": str | None})
    >>> [column["type"] for column in users.document["spec"]["schema"]]
    ['bigint', 'string']

    Args:
        name: its name.
        store: the Store that it is in.
        table: its table; exactly one of table, prefix and topic is said.
        prefix: the path of its files below the Store's own.
        topic: its topic.
        schema: the contract: a pydantic model, a dataclass, a mapping of names to types, or an Arrow schema.
        description: what the data means; else the docstring of the class that is its schema.
        labels: of its metadata.
        further: other fields of the manifest's `spec`: ``classification="internal"``, ``partition_by=["day"]``.

    Raises:
        DeclarationError: the schema is none.
    """
    frame = sys._getframe(1)
    try:
        contract = {} if schema is None else {"schema": columns(schema)}
    except TypeError as fault:
        raise DeclarationError(f"dataset {name}: {fault}") from None
    said = {"store": store, "table": table, "prefix": prefix, "topic": topic}
    spec = {
        **{each: value for each, value in said.items() if value is not None},
        **({"description": text} if (text := description or _docstring(schema)) else {}),
        **contract,
        **_in_yaml(further),
    }
    metadata = {"name": name, **({"labels": dict(labels)} if labels else {})}
    document = {"kind": "DataSet", "metadata": metadata, "spec": spec}
    return Declared("DataSet", name, document, Path(frame.f_code.co_filename).absolute(), frame.f_lineno)


def transform(
    *,
    outputs: Mapping[str, Declared | str],
    inputs: Mapping[str, Declared | str] | None = None,
    trigger: Trigger = on_change,
    write_mode: str | None = None,
    name: str | None = None,
    labels: Mapping[str, str] | None = None,
    **further: Any,
) -> Callable[[Function], Function]:
    """Declare that a function is a Transform; the function itself stays as it is.

    Args:
        outputs: the DataSets that it writes, declared by `dataset` or named as manifests name them. It returns the rows
            of the only one, or of several a mapping by these keys.
        inputs: the DataSet that each parameter is given.
        trigger: when it runs.
        write_mode: ``overwrite-delete-stale``, which is the default, ``overwrite`` or ``append``.
        name: the Transform's name; else the function's, with hyphens.
        labels: of its metadata.
        further: other fields of the manifest's `spec`: ``timeout="10m"``, ``retries=2``.

    Raises:
        DeclarationError: the function cannot be one.
    """
    given = dict(inputs or {})

    def declare(function: Function) -> Function:
        called = name or function.__name__.replace("_", "-")
        if faults := [*_faults(function, given, outputs, trigger)]:
            raise DeclarationError(f"transform {called}: {'; '.join(faults)}")
        own = {
            "module": function.__code__.co_filename,
            "function": function.__qualname__,
            **({"parameters": _names(given)} if given else {}),
            "returns": _names(outputs),
            **({"writeMode": write_mode} if write_mode else {}),
        }
        spec = {
            "runtime": RUNTIME,
            **({"description": text} if (text := _docstring(function)) else {}),
            "inputs": [{"dataset": each} for each in dict.fromkeys(_names(given).values())],
            "outputs": [{"dataset": each} for each in _names(outputs).values()],
            "trigger": dict(trigger.document),
            RUNTIME: own,
            **_in_yaml(further),
        }
        metadata = {"name": called, **({"labels": dict(labels)} if labels else {})}
        document = {"kind": "Transform", "metadata": metadata, "spec": spec}
        code, named = function.__code__, (*given.values(), *outputs.values())
        datasets = tuple(each for each in named if isinstance(each, Declared))
        found = Declared(
            "Transform", called, document, Path(code.co_filename).absolute(), code.co_firstlineno, datasets
        )
        setattr(function, DECLARED, found)
        return function

    return declare


def declaration(found: object) -> Declared | None:
    """What is declared by a DataSet, or of a function; None of anything else."""
    if isinstance(found, Declared):
        return found
    declared = getattr(found, DECLARED, None) if inspect.isfunction(found) else None
    return declared if isinstance(declared, Declared) else None


def _faults(function: Any, inputs: Mapping[str, Any], outputs: Any, trigger: object) -> list[str]:
    """Why a function cannot be a Transform, all of it at once."""
    if not inspect.isfunction(function):
        return [f"found {function!r}; expected a function"]
    found = []
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        found.append("it is asynchronous; expected a plain function")
    if "<locals>" in function.__qualname__ or function.__qualname__ == "<lambda>":
        found.append("it is defined within another function; expected one of a module")
    parameters = [*inspect.signature(function).parameters]
    if unfilled := [each for each in parameters if each not in inputs]:
        found.append(f"no input is named for the parameter {', '.join(unfilled)}; add it to inputs")
    if unknown := [each for each in inputs if each not in parameters]:
        found.append(f"inputs names {', '.join(unknown)}, and the function has no such parameter")
    for each in parameters:
        try:
            form(function, each)
        except TypeError as fault:
            found.append(str(fault))
    if (returned := function.__annotations__.get("return", ...)) in (None, "None"):
        found.append(f"it returns {shown(returned)}; expected the rows of its output, such as {EXPECTED}")
    if not isinstance(outputs, Mapping) or not outputs:
        return [*found, "outputs names no DataSet; expected {name: DataSet}"]
    for side, datasets in (("inputs", inputs), ("outputs", outputs)):
        found += [
            f"{side}: {key} is {value!r}; expected a DataSet or the name of one"
            for key, value in datasets.items()
            if not isinstance(value, str) and not (isinstance(value, Declared) and value.kind == "DataSet")
        ]
    if not isinstance(trigger, Trigger):
        found.append(f"trigger is {trigger!r}; expected on_change, manual, schedule(…) or composite(…)")
    return found


def _names(datasets: Mapping[str, Declared | str]) -> dict[str, str]:
    return {key: each if isinstance(each, str) else each.name for key, each in datasets.items()}


def _docstring(found: object) -> str:
    """The first paragraph of a docstring, on one line; of a dataclass without one, Python makes its own."""
    text = getattr(found, "__doc__", None) if inspect.isfunction(found) or isinstance(found, type) else None
    if not text or (isinstance(found, type) and text.startswith(f"{found.__name__}(")):
        return ""
    return " ".join(inspect.cleandoc(text).partition("\n\n")[0].split())


def _in_yaml(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields by their names in manifests: ``partition_by`` is ``partitionBy``."""
    return {_camel(name): _plain(value) for name, value in fields.items() if value is not None}


def _camel(name: str) -> str:
    first, *others = name.rstrip("_").split("_")
    return first + "".join(each.title() for each in others)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_plain(each) for each in value]
    return value
