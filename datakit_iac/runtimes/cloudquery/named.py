"""Plugins that Connectors name: their specs, and what they cannot do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from datakit_iac.cloudquery_plugins.adapters import Destination, Pair, ReadByOthers, Source, Sync, WrittenByOthers
from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.manifest.models.plugin import PLACEHOLDER, NamedPlugin
from datakit_iac.manifest.values.secret import Secret, revealed
from datakit_iac.manifest.values.write_mode import APPEND
from datakit_iac.technologies.technology import technology
from datakit_iac.technologies.technology_roles import Connects

DSN: Final = "dsn"
"""The placeholder for a Store's address."""


@dataclass(frozen=True, slots=True)
class NamedSource:
    """A source that a Connector names.

    Attributes:
        plugin: the plugin.
        ours: the technology's own adapter, where there is one.
    """

    plugin: NamedPlugin
    ours: Source | None

    def spec(self, sync: Sync) -> Mapping[str, Any]:
        """The plugin's own spec; secrets stay `Secret` objects in it.

        Raises:
            ValueError: the Store does not say what it asks for.
        """
        connection = sync.pairs[0].source.connection
        known = self.ours.others(connection) if isinstance(self.ours, ReadByOthers) else dict[str, Any]()
        return {**known, **_filled(self.plugin.spec, connection)}

    def tables(self, sync: Sync) -> list[str]:
        """What it calls the tables that are read."""
        return [str(pair.source.place) for pair in sync.pairs]

    def received(self, sync: Sync) -> dict[str, Any]:
        """What a destination of ours must know to take its tables for the outputs."""
        return {
            str(source.place): {
                "table": str(target.place),
                "columns": [column.name for column in target.columns],
                "key": [column.name for column in target.columns if column.primary_key],
            }
            for source, target in sync.pairs
        }

    def faults(self, sync: Sync) -> Iterator[str]:
        """Why it cannot read the inputs."""
        stores = {pair.source.store: pair.source for pair in sync.pairs}
        if len(stores) > 1:
            yield f"its inputs are in the Stores {', '.join(stores)}, and {_called(self)} reads one: make one Transform"
        for pair in sync.pairs:
            if pair.source.place.table is None:
                yield (
                    f"{_called(self)} cannot read {pair.source.name}: such a plugin names what it reads, so its DataSet"
                    " must have a `table`, the plugin's own name of it"
                )
        places = [str(pair.source.place) for pair in sync.pairs]
        for place in sorted({each for each in places if places.count(each) > 1}):
            yield f"{place} goes to several outputs, and {_called(self)} sends it once; make one Transform for each"
        if sync.quarantine:
            yield (
                f"onError: {_called(self)} tells no records that cannot be loaded from others; write `onError: fail`,"
                " or take the plugin out of the Connector"
            )
        yield from _common(self.plugin, sync.pairs[0].source.connection, "source")
        if not isinstance(self.ours, ReadByOthers) and not self.plugin.spec:
            yield f"{_called(self)} needs its own `spec`, in `plugin.source` of the Connector"

    def unkept(self, sync: Sync) -> Iterator[str]:
        """What is not kept of what our sources promise."""
        names = ", ".join(pair.source.name for pair in sync.pairs)
        yield (
            f"{names}: read by {_called(self)}, which tells neither the file nor the line of a value that does not fit,"
            " and knows no `reader`"
        )


@dataclass(frozen=True, slots=True)
class NamedDestination:
    """A destination that a Connector names.

    Attributes:
        plugin: the plugin.
        ours: the technology's own adapter, where there is one.
    """

    plugin: NamedPlugin
    ours: Destination | None

    def spec(self, sync: Sync) -> Mapping[str, Any]:
        """The plugin's own spec; secrets stay `Secret` objects in it.

        Raises:
            ValueError: the Store does not say what it asks for.
        """
        assert isinstance(self.ours, WrittenByOthers), "see `faults`"
        return {**self.ours.others(sync.targets), **_filled(self.plugin.spec, sync.targets[0].connection)}

    def told(self, sync: Sync) -> Sync:
        """The sync with each output under the name that the plugin has for it, which is without a schema."""
        pairs = [Pair(each.source, replace(each.target, place=Place(table=_bare(each.target)))) for each in sync.pairs]
        return replace(sync, pairs=tuple(pairs))

    def faults(self, sync: Sync) -> Iterator[str]:
        """Why it cannot write the outputs, or would write wrong rows."""
        target = sync.targets[0]
        kind = target.connection.technology
        if not isinstance(self.ours, WrittenByOthers):
            yield (
                f"{_called(self)} cannot write {target.name}: in a Store of {kind} only the plugin of datakit itself"
                " tells a load that is not complete, or is tried again, from others; take `plugin.destination` out of"
                " the Connector"
            )
            return
        try:
            self.ours.others(sync.targets)
        except ValueError as fault:
            yield f"{_called(self)} cannot write that: {fault}"
        if sync.write_mode == APPEND:
            yield (
                f"writeMode append: {_called(self)} would write rows twice where a Run is tried again; write by"
                " overwrite or overwrite-delete-stale, or take the plugin out of the Connector"
            )
        if sync.quarantine:
            yield f"onError: {_called(self)} commits a table at a time, not with its quarantine; write `onError: fail`"
        for each in sync.targets:
            if each.writers and len(each.writers) > 1:
                yield (
                    f"{each.name} is written by {' and '.join(each.writers)}, whose rows {_called(self)} does not tell"
                    " from those of former writers; let one Transform write it"
                )
        yield from _common(self.plugin, target.connection, "destination")

    def unkept(self, sync: Sync) -> Iterator[str]:
        """What is not kept of what our destinations promise."""
        names = ", ".join(target.name for target in sync.targets)
        yield (
            f"{names}: written by {_called(self)}, which commits rows as they come: a load that fails leaves a part of"
            " them until the next, readers see it, and the contract is checked only after the load"
        )


Named = NamedSource | NamedDestination


def refused_names(source: NamedSource, sync: Sync) -> Iterator[str]:
    """Outputs that plugins of others on both sides would not fill, since a table has one name then."""
    for pair in sync.pairs:
        if str(pair.source.place) != _bare(pair.target):
            yield (
                f"{_called(source)} calls its table {pair.source.place}, and so would the destination, where"
                f" {pair.target.name} is {pair.target.place}: give it that name, or name one plugin only"
            )


def program(plugin: NamedPlugin) -> str | None:
    """The absolute path of one that is a program on this machine."""
    return str(Path(plugin.path).expanduser().absolute()) if plugin.is_program else None


def _common(plugin: NamedPlugin, connection: Connection, side: str) -> Iterator[str]:
    if (found := program(plugin)) and not os.access(found, os.X_OK):
        yield f"plugin.{side}: {plugin.path} is not a program that can be run here"
    if plugin.registry == "docker" and shutil.which("docker") is None:
        yield f"plugin.{side}: {plugin.path} is an image, and docker is not installed"
    asked = dict.fromkeys(_placeholders(plugin.spec))
    # Before a job is run, its secrets are not there.
    known = [*dict.fromkeys([*_fields(connection), *_secrets(connection)])] if asked else []
    for name in asked:
        if name not in known:
            yield f"plugin.{side}: spec: {{{{ {name} }}}} is not a field of the connection; it has {', '.join(known)}"


def _called(side: Named) -> str:
    return f"the plugin {side.plugin.reference}"


def _bare(target: BoundDataSet) -> str:
    return str(target.place).rpartition(".")[2]


def _secrets(connection: Connection) -> list[str]:
    return [each["name"] for each in technology(connection.technology).connection.fields() if each["secret"]]


def _fields(connection: Connection) -> dict[str, Any]:
    opens = technology(connection.technology)
    defaults = {each["name"]: each["default"] for each in opens.connection.fields() if each["default"] is not None}
    found = {**defaults, **connection.options, **connection.secrets}
    if isinstance(opens, Connects):
        address = opens.dsn(connection)
        found[DSN] = Secret(address) if connection.secrets else address
    return found


def _placeholders(value: object) -> Iterator[str]:
    match value:
        case str():
            yield from PLACEHOLDER.findall(value)
        case Mapping():
            for each in value.values():
                yield from _placeholders(each)
        case list() | tuple():
            for each in value:
                yield from _placeholders(each)


def _filled(spec: Mapping[str, Any], connection: Connection) -> dict[str, Any]:
    fields = _fields(connection) if any(_placeholders(spec)) else {}
    if missing := [name for name in _placeholders(spec) if name not in fields]:
        raise ValueError(f"the Store does not say {', '.join(missing)}, which `spec` of the plugin asks for")
    return {name: _value(each, fields) for name, each in spec.items()}


def _value(value: Any, fields: Mapping[str, Any]) -> Any:
    """A value with its placeholders filled in: alone, one is the field in its own type; a text with a secret is one."""
    match value:
        case str() if whole := PLACEHOLDER.fullmatch(value):
            return fields[whole[1]]
        case str():
            used: Sequence[Any] = [fields[name] for name in PLACEHOLDER.findall(value)]
            text = PLACEHOLDER.sub(lambda found: str(revealed(fields[found[1]])), value)
            return Secret(text) if any(isinstance(each, Secret) for each in used) else text
        case Mapping():
            return {name: _value(each, fields) for name, each in value.items()}
        case list() | tuple():
            return [_value(each, fields) for each in value]
    return value
