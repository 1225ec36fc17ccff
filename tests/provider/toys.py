"""Resource types that do as a test tells them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from datakit_iac.findings.fault import Fault
from datakit_iac.provider.protocol import Call, Difference, Properties

TOKEN = "toy:index:Toy"


def nothing(new: Properties, call: Call) -> Properties:
    return {}


@dataclass
class Toy:
    """A resource type: every operation is one function, every input changes in place."""

    act: Callable[[Properties, Call], Properties] = nothing
    find: Callable[[Properties, Call], list[Fault]] = lambda new, call: []

    def check(self, old: Properties, new: Properties, call: Call) -> list[Fault]:
        return self.find(new, call)

    def diff(self, old: Properties, new: Properties, state: Properties) -> Difference:
        changed = sorted(key for key in {*old, *new} if old.get(key) != new.get(key))
        return Difference(dict.fromkeys(changed, "update"), [key for key in changed if key == "place"])

    def create(self, new: Properties, call: Call) -> tuple[str, Properties]:
        return "toy", self.act(new, call)

    def read(
        self, resource_id: str, inputs: Properties, state: Properties, call: Call
    ) -> tuple[Properties, Properties] | None:
        return inputs, self.act(inputs, call)

    def update(self, old: Properties, new: Properties, state: Properties, call: Call) -> Properties:
        return self.act(new, call)

    def delete(self, inputs: Properties, state: Properties, call: Call) -> None:
        self.act(inputs, call)
