"""The `__init__` of resources, which accepts whatever it is given, so that all that is wrong is reported together."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar, cast

import pulumi

from datakit_iac.findings.nearest import closest
from datakit_iac.resources.arguments import GIVEN, Arguments
from datakit_iac.resources.values import kind_of

Begin = TypeVar("Begin", bound=Callable[..., None])


def reported_together(init: Begin) -> Begin:
    """Let a resource's `__init__` accept any arguments, so that it can report all that is wrong.

    What is given under no name of its own is a fault; what is missing is None.
    """
    signature = _spread(init)
    named = [each for each in signature.parameters.values() if each.kind is each.KEYWORD_ONLY]
    names = [each.name for each in named]

    @functools.wraps(init)
    def begin(self: pulumi.Resource, resource_name: Any = None, *positional: Any, **given: Any) -> None:
        kind = type(self).__name__
        arguments = Arguments(kind, resource_name if isinstance(resource_name, str) else "unnamed")
        if not isinstance(resource_name, str):
            arguments.wrong("name", f"expected text; found {kind_of(resource_name)}")
        if positional:
            arguments.wrong(
                "arguments", f"expected each by its name, as in {kind}({arguments.name!r}, {named[0].name}=…)"
            )
        for name in (name for name in given if name not in names):
            near = closest(name.lower(), names)
            arguments.wrong(name, f"unknown argument{f'; did you mean {near!r}?' if near else ''}")
        taken = {
            each.name: given.get(each.name, None if each.default is each.empty else each.default) for each in named
        }
        if not isinstance(taken["opts"], (pulumi.ResourceOptions, type(None))):
            arguments.wrong("opts", f"expected pulumi.ResourceOptions; found {kind_of(taken['opts'])}")
            taken["opts"] = None
        vars(self)[GIVEN] = arguments
        init(self, arguments.name, **taken)

    vars(begin)["__signature__"] = signature
    return cast("Begin", begin)


def _spread(init: Callable[..., None]) -> inspect.Signature:
    """The signature, with each key of its `Unpack[TypedDict]` as an argument that need not be given."""
    signature = inspect.signature(init)
    parameters = list(signature.parameters.values())
    for further in [each for each in parameters if each.kind is each.VAR_KEYWORD]:
        keys = init.__globals__[further.annotation.removeprefix("Unpack[").removesuffix("]")]
        named = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind.__forward_arg__)
            for name, kind in keys.__annotations__.items()
        ]
        at = parameters.index(further)
        parameters[at : at + 1] = named
    return signature.replace(parameters=sorted(parameters, key=lambda each: each.name == "opts"))
