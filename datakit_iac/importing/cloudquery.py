"""Connectors, Stores, DataSets and Transforms of a CloudQuery sync specification."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import ValidationError

from datakit_iac.contract.connection import Connection
from datakit_iac.importing import sync_stores, sync_tables
from datakit_iac.importing.found import CLASSIFICATION, Found, pii
from datakit_iac.importing.names import free, hyphenated
from datakit_iac.importing.sync_spec import DEFAULT_MODE, Plugin, SpecError
from datakit_iac.importing.sync_tables import Table
from datakit_iac.manifest.models.connector import Connector, ConnectorSpec
from datakit_iac.manifest.models.dataset import DataSet, DataSetSpec, Place
from datakit_iac.manifest.models.document import Metadata
from datakit_iac.manifest.models.store import Store, StoreSpec
from datakit_iac.manifest.models.transform import Transform, TransformSpec
from datakit_iac.manifest.project import Project
from datakit_iac.manifest.values.write_mode import WRITE_MODES, WriteMode
from datakit_iac.technologies.technology import TableState, technologies, technology

_FILES: Final = "files"
_PLACES: Final = {
    "files": "prefix",
    "file": "prefix",
    "s3": "prefix",
    "gcs": "prefix",
    "azblob": "prefix",
    "kafka": "topic",
}
"""How DataSets are addressed of technologies whose code is not installed; of others by a table."""

Describe = Callable[[Connection, Place], TableState | None]


@dataclass
class Import:
    """One specification as manifests.

    Attributes:
        project: the project that they are for.
        local: a path on this machine, from where manifests count them.
        describe: what the catalog of a Store shows at a place.
        found: the manifests; grows.
        notes: what is not carried over; grows.
    """

    project: Project
    local: Callable[[str], str]
    describe: Describe
    found: list[Found] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _stores: dict[str, Store] = field(default_factory=dict)
    _made: set[tuple[str, str]] = field(default_factory=set)

    def of(self, sources: Iterable[Plugin], destinations: Iterable[Plugin]) -> None:
        """Take all documents.

        Raises:
            SpecError: one cannot be carried over.
        """
        known = {each.name: each for each in destinations}
        used = set[str]()
        for source in sources:
            self.notes += source.left()
            named = source.texts("destinations")
            if not named:
                raise SpecError(f"{source.at()}: {source} has no `destinations`")
            for index, name in enumerate(named):
                if name not in known:
                    raise SpecError(
                        f"{source.at('destinations', index)}: there is no destination {name!r} in {source.file}"
                    )
                if name not in used:
                    self.notes += known[name].left()
                used.add(name)
                self._sync(source, known[name], only=len(named) == 1)
        for each in known.values():
            if each.name not in used:
                self.notes.append(f"{each.at()}: no source writes to {each}; left out")

    def _sync(self, source: Plugin, target: Plugin, *, only: bool) -> None:
        kind, notes = sync_stores.technology(source), list[str]()
        tables = sync_tables.of_files(source, self.local, notes) if kind == _FILES else sync_tables.named(source)
        if not tables:
            raise SpecError(f"{source.at('tables')}: {source} names no table that is not skipped")
        self._note(notes)
        store, pairs = self._store(target), list[tuple[str, str]]()
        for table in tables:
            output = self._output(table, store, target)
            pairs.append((self._input(table, source, output), output))
        name = hyphenated(source.name if only else f"{source.name}-to-{target.name}", "sync")
        self._add(self._transform(name, pairs, _mode(target)))

    def _transform(self, name: str, pairs: list[tuple[str, str]], mode: WriteMode) -> Found:
        there = self.project.transforms.get(name)
        if there and there.spec.runtime != "cloudquery":
            name = free([f"{name}-sync"], {*self.project.transforms})
        section: dict[str, Any] = {"writeMode": mode}
        if len(pairs) > 1:
            section["tables"] = [{"from": source, "to": target} for source, target in pairs]
        spec = {
            "runtime": "cloudquery",
            "inputs": [{"dataset": source} for source, _ in pairs],
            "outputs": [{"dataset": target} for _, target in pairs],
            "cloudquery": section,
        }
        return Found(Transform(metadata=Metadata(name=name), spec=TransformSpec.model_validate(spec)))

    # DataSets.

    def _output(self, table: Table, store: Store, target: Plugin) -> str:
        kind = self._type(store)
        place = _place(kind, table.name)
        state = self.describe(Connection(kind, store.spec.connection), place) if not store.spec.secrets else None
        columns = sync_tables.columns(table, state)
        if not columns:
            self._note([f"{table.line}: no column of {table.name} is known, so it has no schema: list its columns"])
        guessed = {pii(each["name"]) for each in columns} | {CLASSIFICATION}
        spec = {
            "store": store.name,
            **place.model_dump(exclude_none=True),
            CLASSIFICATION: "confidential" if any(each["pii"] for each in columns) else "internal",
            "schema": columns,
        }
        return self._dataset(spec, place, [table.name.rpartition(".")[2], table.name], guessed, table.line)

    def _input(self, table: Table, source: Plugin, output: str) -> str:
        store = self._store(source, table)
        spec = {"store": store.name, **table.place.model_dump(exclude_none=True), "reader": dict(table.reader)}
        return self._dataset(spec, table.place, [f"{output}-source"], set(), table.line)

    def _dataset(self, spec: Mapping[str, Any], place: Place, wanted: list[str], guessed: set[str], line: str) -> str:
        store = str(spec["store"])
        datasets = [
            *self.project.datasets.values(),
            *(e.manifest for e in self.found if isinstance(e.manifest, DataSet)),
        ]
        kind = self._type(self._stores[store])
        there = [each.name for each in datasets if each.spec.store == store and _same(kind, each.spec.place, place)]
        taken = {*(each.name for each in datasets), *self.project.groups, *self.project.stores, *self._stores}
        name = there[0] if there else free(wanted, taken)
        try:
            manifest = DataSet(metadata=Metadata(name=name), spec=DataSetSpec.model_validate(spec))
        except ValidationError as fault:
            first = fault.errors()[0]
            path = ".".join(map(str, first["loc"]))
            raise SpecError(f"{line}: table {place} cannot be a DataSet: {path}: {first['msg']}") from None
        self._add(Found(manifest, frozenset(guessed)))
        return name

    # Stores and Connectors.

    def _store(self, plugin: Plugin, table: Table | None = None) -> Store:
        """The Store of a plugin; of a source of files, the one of a table's folder."""
        kind, wanted = sync_stores.technology(plugin), [hyphenated(plugin.name, "store")]
        connector = self._connector(plugin, kind)
        reached = sync_stores.reached(plugin, wanted[0], self.local)
        options = reached.options
        if table is not None and kind == _FILES:
            options = {"path": table.folder, **table.limits}
        store = self._known(kind, options, reached.secrets, wanted[0])
        name = store.name if store else free(wanted, {*self.project.stores, *self._stores, *self.project.datasets})
        self._note([*reached.notes, *sync_stores.left(plugin)])
        spec = StoreSpec(connector=connector, connection=options, secrets=reached.secrets)
        if store and sync_stores.location(kind, store.spec.connection, {}) == sync_stores.location(kind, options, {}):
            spec = store.spec  # it is reached already, however that is said
        made = Store(metadata=Metadata(name=name), spec=spec)
        self._stores[name] = made
        self._add(Found(made))
        return made

    def _known(self, kind: str, options: Mapping[str, Any], secrets: Mapping[str, str], name: str) -> Store | None:
        """The Store of the same location; else that of the same name and technology, which is changed."""
        stores = {**self.project.stores, **self._stores}
        alike = [each for each in stores.values() if self._type(each) == kind]
        here = sync_stores.location(kind, options, secrets)
        same = next((e for e in alike if sync_stores.location(kind, e.spec.connection, e.spec.secrets) == here), None)
        if same or name in self._stores:
            return same
        return next((each for each in alike if each.name == name), None)

    def _connector(self, plugin: Plugin, kind: str) -> str:
        """The Connector's name; an existing Connector gets what it lacks."""
        made = [each.manifest for each in self.found if isinstance(each.manifest, Connector)]
        there = next((e for e in (*made, *self.project.connectors.values()) if e.spec.type == kind), None)
        reference, left_out = sync_stores.reference(plugin, self.local)
        self._note(left_out)
        if there is None:
            version = sync_stores.version(plugin)
            said: dict[str, Any] = {
                "type": kind,
                "capabilities": [plugin.kind],
                **({"version": version} if version else {}),
            }
            name = free([kind], {*self.project.connectors})
        else:
            said, name = there.spec.model_dump(by_alias=True, exclude_defaults=True), there.name
            said["capabilities"] = [*dict.fromkeys([*said["capabilities"], plugin.kind])]
        if reference:
            said["plugin"] = {**(said.get("plugin") or {}), plugin.kind: reference}
        manifest = Connector(metadata=Metadata(name=name), spec=ConnectorSpec.model_validate(said))
        self.found = [each for each in self.found if each.manifest is not there]
        self._made.discard(("Connector", name))
        self._add(Found(manifest), first=True)
        return name

    def _type(self, store: Store) -> str:
        named = [each.manifest for each in self.found if isinstance(each.manifest, Connector)]
        known = {**self.project.connectors, **{each.name: each for each in named}}
        return known[store.spec.connector].spec.type if store.spec.connector in known else ""

    def _add(self, found: Found, *, first: bool = False) -> None:
        key = (found.manifest.kind, found.manifest.name)
        if key not in self._made:
            self._made.add(key)
            self.found.insert(0 if first else len(self.found), found)

    def _note(self, notes: Iterable[str]) -> None:
        self.notes += [each for each in dict.fromkeys(notes) if each not in self.notes]


def _mode(target: Plugin) -> WriteMode:
    said = target.fields.get("write_mode") or DEFAULT_MODE
    if said not in WRITE_MODES:
        raise SpecError(f"{target.at('write_mode')}: write_mode is {said!r}; expected {', '.join(WRITE_MODES)}")
    mode: WriteMode = said
    return mode


def _place(kind: str, name: str) -> Place:
    where = technology(kind).capabilities.places[0] if kind in technologies() else _PLACES.get(kind, "table")
    return Place.model_validate({where: name})


def _same(kind: str, one: Place, other: Place) -> bool:
    if kind in technologies():
        address, store = technology(kind).address, Connection(kind)
        return address(one, store) == address(other, store)
    return str(one) == str(other)
