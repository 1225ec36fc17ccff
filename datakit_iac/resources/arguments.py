"""What a program gives a resource: taken as Pulumi's users write it, and checked as a manifest is."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

import pulumi

from datakit_iac.contract.faults import Foreign, Path, check, model_within, names_of
from datakit_iac.findings.location import spelled
from datakit_iac.manifest.models.document import Model
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.manifest.values.types import DataType
from datakit_iac.pulumi_compat import has_engine
from datakit_iac.resources.known import has_later, is_later, shown, when_known
from datakit_iac.resources.parts import Part
from datakit_iac.resources.program import complaint, place, refused
from datakit_iac.resources.values import foreign, is_list, kind_of, ordered

GIVEN: Final = "_datakit_given"
"""The attribute of a resource that has its arguments, while it is made."""
_PLAIN: Final = (bool, int, float, str, Secret, type(None))


class Arguments:
    """The arguments of one resource, and what is wrong with them.

    Args:
        kind: of the resource.
        name: of the resource.

    Attributes:
        place: the user's own file and line.
        faults: each wrong argument, and what is wrong with it.
    """

    def __init__(self, kind: str, name: str) -> None:
        self.kind, self.name, self.place = kind, name, place()
        self.faults: list[str] = []
        self._typed: dict[Path, str] = {}

    @staticmethod
    def of(resource: pulumi.Resource) -> Arguments:
        """Those that a resource was begun with."""
        arguments: Arguments = vars(resource)[GIVEN]
        return arguments

    def wrong(self, argument: str, reason: str) -> None:
        """Take note of a fault."""
        self.faults.append(f"{argument}: {reason}")

    def plain(self, shape: type[Model], **given: Any) -> dict[str, Any]:
        """Arguments in the names of manifests, without classes that stand for mappings; outputs stay.

        Args:
            shape: the model of the arguments.
            given: the arguments, by their names.
        """
        return self._mapping(given, (), shape)

    def judge(self, shape: type[Model], properties: Mapping[str, Any]) -> Any:
        """Validate properties; the model with them, or None where they are wrong, or known later."""
        found, model = check(shape, properties, in_python=True)
        self.faults += [f"{self._as_typed(fault.path) or self.kind}: {fault}" for fault in found]
        return model

    def resource(self, argument: str, value: Any, kind: type[pulumi.Resource]) -> Any:
        """A resource of this program, or an output of one.

        Args:
            argument: its name.
            value: what is given.
            kind: what is expected.
        """
        if is_later(value):
            return self.when_known(value, lambda known: self.resource(argument, known, kind))
        if not isinstance(value, kind):
            self.wrong(argument, _expected_resource(value, kind))
        return value

    def resources(self, argument: str, values: Any, kind: type[pulumi.Resource]) -> Any:
        """Several resources of this program, as a tuple; an output where one is an output, or all of them are."""
        values = () if values is None else values
        if is_later(values):
            return self.when_known(values, lambda known: self.resources(argument, known, kind))
        if not is_list(values):
            self.wrong(argument, f"expected a list of {kind.__name__}s; found {kind_of(values)}")
            return ()
        items = [self.resource(f"{argument}[{index}]", each, kind) for index, each in enumerate(values)]
        return when_known([each for each in items if is_later(each) or isinstance(each, kind)], tuple)

    def when_known(self, value: Any, function: Callable[[Any], Any]) -> Any:
        """What a function makes of a value, as `known.when_known`; what it finds wrong later ends the program.

        Args:
            value: plain data, perhaps with outputs in it.
            function: is given the value without outputs, and takes note of what is wrong by `wrong` or `judge`.
        """

        def later(known: Any) -> Any:
            before, made = len(self.faults), function(known)
            return self._all() if len(self.faults) > before else made

        return when_known(value, later if has_later(value) else function)

    def refused(self) -> pulumi.Output[Any] | None:
        """What takes the place of a property where something is wrong; None where nothing is.

        Raises:
            ValueError: something is, and no engine runs the program, so that it need not go on.
        """
        if not self.faults:
            return None
        if not has_engine():
            raise ValueError(self._complaint())
        return pulumi.Output.from_input(self._all())

    def named(self, made: Any) -> Any:
        """The resource's name, as soon as what was made of its arguments is right: a wrong one is not registered."""
        return shown(made.apply(lambda _: self.name, True)) if is_later(made) else self.name

    def _all(self) -> Any:
        return refused(self._complaint())

    def _complaint(self) -> str:
        return complaint(self.place, f"{self.kind} {self.name}", self.faults)

    def _plain(self, value: Any, path: Path, part: type[Model] | None) -> Any:
        match value:
            case Part():
                unnamed, named = value.given
                if unnamed:
                    name = type(value).__name__
                    self.wrong(self._as_typed(path), f"expected each by its name, as in {name}(…=…)")
                return self._mapping(named, path, part)
            case Mapping():
                return self._mapping(value, path, part)
            case list() | tuple():
                return [self._plain(each, (*path, index), part) for index, each in enumerate(value)]
            case DataType():
                return str(value)
            case date():
                return value.isoformat()
            case os.PathLike():
                return os.fspath(value)
            case Model():
                return value
        if is_later(value):
            later: pulumi.Output[Any] = pulumi.Output.from_input(value)
            return later.apply(lambda known: self._plain_later(known, path, part))
        if isinstance(value, _PLAIN):
            return value
        return self._plain(ordered(value), path, part) if is_list(value) else Foreign(kind_of(value))

    def _plain_later(self, value: Any, path: Path, part: type[Model] | None) -> Any:
        """What an output turned out to be; a value that is of no kind that there is would fail in the SDK."""
        before, made = len(self.faults), self._plain(value, path, part)
        for where, strange in foreign(made, path):
            self.wrong(
                self._as_typed(where), f"expected text, a number, true or false, a list or a mapping; found {strange}"
            )
        return self._all() if len(self.faults) > before else pulumi.Output.from_input(made)

    def _mapping(self, value: Mapping[Any, Any], path: Path, part: type[Model] | None) -> dict[str, Any]:
        """In the names of manifests, whose values under None say nothing; a mapping of the user's own as it is."""
        names = names_of(part) if part else {}
        plain: dict[str, Any] = {}
        for typed, each in value.items():
            if not isinstance(typed, str):
                self.wrong(self._as_typed(path), f"expected text before each colon; found {kind_of(typed)}")
                continue
            key = names.get(typed, typed)
            if key in plain:
                self.wrong(
                    self._as_typed((*path, typed)),
                    f"is said twice: as {self._typed.get((*path, key), key)} and as {typed}",
                )
            if key != typed:
                self._typed[(*path, key)] = typed
            if part is None or each is not None:
                plain[key] = self._plain(each, (*path, key), _within(part, key) if part else None)
        return plain

    def _as_typed(self, path: Path) -> str:
        """A path in the names that the program uses."""
        return spelled([self._typed.get(path[: index + 1], step) for index, step in enumerate(path)])


def _within(shape: type[Model], name: str) -> type[Model] | None:
    field = next((each for key, each in shape.model_fields.items() if name in (key, each.alias)), None)
    return model_within(field.annotation) if field else None


def _expected_resource(value: Any, kind: type[pulumi.Resource]) -> str:
    expected = f"expected a {kind.__name__}"
    if isinstance(value, str):
        return f"{expected} itself, as {kind.__name__}({value!r}, …) makes it; found the text {value!r}"
    return f"{expected}; found {kind_of(value)}"
