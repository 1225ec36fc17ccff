"""DataSet as a Pulumi resource."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Literal, TypeVar

import pulumi

from datakit_iac.contract import shapes
from datakit_iac.contract.faults import demand
from datakit_iac.manifest.dataset import Classification, Column, Consent, Format, Place, Test
from datakit_iac.manifest.document import Model
from datakit_iac.manifest.traits import Tier
from datakit_iac.resources.store import Store
from datakit_iac.runtimes.definition import digest
from datakit_iac.technologies.bound import BoundDataSet

T = TypeVar("T")


class DataSet(pulumi.CustomResource):
    """A data contract: its table, prefix or topic is made, altered in place, and never lost.

    Args:
        resource_name: the DataSet's name.
        store: the Store it lies in.
        table: the table, with its schema before a dot; or
        prefix: the path below the Store's own; or
        topic: the topic. Exactly one of the three.
        format: how files are written: parquet, json, csv, avro.
        schema: the columns.
        reader: how the content is read, over what the Store says of that, e.g. ``{"delimiter": ";"}``.
        description: what the data means.
        classification: public, internal, confidential or restricted.
        tier: bronze, silver or gold.
        owner: who answers for it.
        retention: how long it is kept.
        tests: those of the DataSet as a whole.
        consents: leave to lose data, by object and until a day.
        external: whether it is only read, never made, here.
        deletion: whether its data stays when the resource goes.
        downstream: the Transforms that depend on it, named when a change is refused.
        writers: the Transforms that write it, where all of them are known: rows that others wrote are stale.
        previous_names: names that this DataSet had; under one of them the stack's state may still know it.
        manifest: where it is declared, named in errors.
        opts: Pulumi's resource options.

    Raises:
        ValueError: a manifest would not take what is given; every fault is told.

    Attributes:
        generation: another one whenever the table is made anew, so that what fills it runs again.
    """

    generation: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        store: Store,
        table: str | None = None,
        prefix: str | None = None,
        topic: str | None = None,
        format: Format | None = None,  # noqa: A002 - the manifest's word
        schema: Sequence[Column] = (),
        reader: Mapping[str, Any] | None = None,
        description: str = "",
        classification: Classification | None = None,
        tier: Tier | None = None,
        owner: str | None = None,
        retention: str | None = None,
        tests: Sequence[Test] = (),
        consents: Sequence[Consent] = (),
        external: bool = False,
        deletion: Literal["retain", "delete"] = "retain",
        downstream: Sequence[str] = (),
        writers: Sequence[str] | None = None,
        previous_names: Sequence[str] = (),
        manifest: str = "",
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        #: The contract as jobs are told it.
        self.contract: dict[str, Any] = _present(
            name=resource_name,
            store=store.reached,
            table=table,
            prefix=prefix,
            topic=topic,
            format=format,
            schema=dumped(schema),
            reader=dict(reader or {}),
            description=description,
            classification=classification,
            tier=tier,
            owner=owner,
            retention=retention,
            tests=dumped(tests),
        )
        if writers is not None:
            self.contract["writers"] = list(writers)
        steering = _present(
            consents=dumped(consents),
            external=external,
            deletion=deletion,
            downstream=list(downstream),
            manifest=manifest,
        )
        demand(shapes.DataSet, {**self.contract, **steering})
        former = pulumi.ResourceOptions(aliases=[pulumi.Alias(name=name) for name in previous_names])
        super().__init__(
            "datakit:index:DataSet",
            resource_name,
            {**self.contract, **steering, "generation": None},
            pulumi.ResourceOptions.merge(former, opts),
        )
        self.bound = BoundDataSet(
            name=resource_name,
            store=store.reached["name"],
            connection=store.bound,
            place=Place(table=table, prefix=prefix, topic=topic, format=format),
            columns=tuple(schema),
            tests=tuple(tests),
            writers=None if writers is None else tuple(writers),
            reader=dict(reader or {}),
        )
        self._external = external
        self._written: list[pulumi.Output[str]] = []

    def is_written(self, version: pulumi.Output[str]) -> None:
        """Take the version that a Run gives it; several Runs may."""
        self._written.append(version)

    @property
    def version(self) -> pulumi.Output[str]:
        """What tells this content from any other: that of every Run that writes it, or else its fingerprint."""
        if not self._written:
            return self._fingerprint
        if len(self._written) == 1:
            return self._written[0]
        return pulumi.Output.all(*self._written).apply(digest)

    @cached_property
    def _fingerprint(self) -> pulumi.Output[str]:
        """The version of content that no Run here makes, asked of the provider."""
        options = pulumi.InvokeOutputOptions(parent=self, depends_on=[self])
        asked = pulumi.runtime.invoke_output(
            "datakit:index:fingerprint", {**self.contract, "external": self._external}, options
        )
        # The Store's secrets go in as arguments, so the answer counts as one; a digest is none.
        version: pulumi.Output[str] = pulumi.Output.unsecret(asked).apply(_version)
        return version


def _version(answer: Mapping[str, str]) -> str | pulumi.Output[str]:
    """What the provider tells; what it leaves out only the update will know."""
    return answer["version"] if "version" in answer else pulumi.Output(_ready(set()), _ready(""), _ready(False))


async def _ready(value: T) -> T:
    return value


def dumped(parts: Sequence[Model]) -> list[dict[str, Any]]:
    """Parts of a manifest as properties of a resource."""
    return [part.dumped() for part in parts]


def _present(**properties: Any) -> dict[str, Any]:
    """The properties that say something."""
    return {name: value for name, value in properties.items() if value not in (None, "", [], {}, False)}
