"""DataSet as a Pulumi resource."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Unpack

import pulumi

from datakit_iac.contract import shapes
from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.document import Model
from datakit_iac.pulumi_compat import has_engine
from datakit_iac.resources.arguments import Arguments
from datakit_iac.resources.constructor import reported_together
from datakit_iac.resources.dataset_arguments import DataSetArguments
from datakit_iac.resources.known import said, unknown, when_known
from datakit_iac.resources.order import version_for
from datakit_iac.resources.program import program
from datakit_iac.resources.store import Store

if TYPE_CHECKING:
    from datakit_iac.resources.run import Run

_SOUND: Final = {"technology": "any", "connection": {}}
"""In place of the Store, which looks at its own arguments."""

_AS_GIVEN: Final = ("writers", "deletion")
"""Of these, what is empty says something, or is wrong."""

_PARTS: Final = {"schema": "columns", "tests": "tests", "consents": "consents"}


class DataSet(pulumi.CustomResource):
    """A data contract: its table, prefix or topic is made, altered in place, and never lost.

    Args:
        resource_name: the DataSet's name.
        store: the Store it is in.
        terms: what is said of it, each by its name: `DataSetArguments`. Exactly one of table, prefix and topic.
        opts: Pulumi's resource options.

    Raises:
        ValueError: a manifest would not take what is given, and no engine runs the program; under the engine, all
            that is wrong in the program is reported at its end.

    Attributes:
        generation: another one whenever the table is recreated, so that what fills it runs again.
    """

    generation: pulumi.Output[str]

    @reported_together
    def __init__(
        self,
        resource_name: str,
        *,
        store: pulumi.Input[Store],
        opts: pulumi.ResourceOptions | None = None,
        **terms: Unpack[DataSetArguments],
    ) -> None:
        given = Arguments.of(self)
        store = given.resource("store", store, Store)
        sent = {name: value if name in _AS_GIVEN else said(value) for name, value in terms.items()}
        if sent["deletion"] is None:
            sent["deletion"] = "retain"
        plain = given.plain(shapes.Declared, name=resource_name, **sent)
        shape = shapes.DataSet if has_engine() else shapes.Declared  # a test with mocks may say all there is
        model = given.judge(shape, {**plain, "store": _SOUND})
        former = _aliases(given, plain.pop("previousNames", []))
        if model:  # what is known is written in one way, however the program spells it
            plain |= {name: dumped(getattr(model, field)) for name, field in _PARTS.items() if name in plain}
            if model.topic_settings:
                plain["topicSettings"] = model.topic_settings.dumped()
        refused = given.refused()
        steering = {name: plain.pop(name) for name in shapes.STEERING if name in plain}
        #: The contract as jobs see it.
        self.contract: dict[str, Any] = (
            {"name": refused} if refused else {**plain, "store": when_known(store, lambda found: found.reached)}
        )
        #: As jobs are defined by it.
        self.bound: pulumi.Input[BoundDataSet] = refused or given.when_known(
            {
                "store": when_known(store, lambda found: found.pulumi_resource_name),
                "connection": when_known(store, lambda found: found.bound),
                "contract": model or plain,
            },
            lambda known: _bound(given, **known),
        )
        super().__init__(
            "datakit:index:DataSet",
            resource_name,
            {**self.contract, **steering, "name": given.named(self.bound), "generation": None},
            pulumi.ResourceOptions.merge(pulumi.ResourceOptions(aliases=former), opts),
        )
        self._external = steering.get("external", False)
        #: The Runs that write it, as far as the program has come.
        self.written_by: list[Run] = []
        #: Whether its version was read, so that no further Run may write it.
        self.is_told = False

    @property
    def version(self) -> pulumi.Output[str]:
        """What tells this content from any other: that of every Run that writes it, or else its fingerprint."""
        return version_for(self)

    @cached_property
    def fingerprint(self) -> pulumi.Output[str]:
        """The version of content that no Run here makes, as the provider finds it."""
        options = pulumi.InvokeOutputOptions(parent=self, depends_on=[self])
        arguments = {**self.contract, "external": self._external, "tellsFault": True}
        asked = pulumi.runtime.invoke_output("datakit:index:fingerprint", arguments, options)
        # The Store's secrets go in as arguments, so the answer counts as one; a digest is none.
        answer = pulumi.Output.unsecret(asked)
        program().asked.append(answer)
        version: pulumi.Output[str] = answer.apply(_version)
        return version


def _version(answer: Mapping[str, str]) -> Any:
    """What the provider tells; what it leaves out only the update will know."""
    if "fault" in answer:
        return program().refuse_sources()
    return answer["version"] if "version" in answer else unknown()


def dumped(parts: Sequence[Model]) -> list[dict[str, Any]]:
    """Parts of a manifest as properties of a resource."""
    return [part.dumped() for part in parts]


def _bound(given: Arguments, store: str, connection: Connection, contract: Any) -> BoundDataSet | None:
    """The contract and its place; None where what was known only later is wrong."""
    model: shapes.DataSet | None = contract
    if not isinstance(contract, shapes.DataSet):
        model = given.judge(shapes.Declared, {**contract, "store": _SOUND})
    return model.model_copy(update={"store": shapes.StoreReference.of(store, connection)}).bound if model else None


def _aliases(given: Arguments, names: Any) -> list[pulumi.Input[str | pulumi.Alias]]:
    """The names under which the state may still know it; how many there are, the engine must know at once."""
    if not isinstance(names, list):
        given.wrong("previous_names", "expected a list, whose items may be outputs; found an output")
    return [when_known(name, lambda known: pulumi.Alias(name=known)) for name in names] if not given.faults else []
