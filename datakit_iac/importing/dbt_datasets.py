"""DataSets of the models, seeds, snapshots and sources of a dbt project: what its manifest says of each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, get_args

from datakit_iac.importing.dbt_tests import ColumnTest
from datakit_iac.importing.found import CLASSIFICATION, Found, pii
from datakit_iac.importing.personal_data import is_suspected
from datakit_iac.manifest.models.dataset import Classification, DataSet, DataSetSpec, Place, Tier
from datakit_iac.manifest.models.document import Metadata
from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.technology import TableState

_CHOICES: Final[dict[str, tuple[str, ...]]] = {CLASSIFICATION: get_args(Classification), "tier": get_args(Tier)}
_KEY_VALUE: Final = re.compile(r"^([^:=]+)[:=](.+)$")
_READ: Final = ("owner", "pii", CLASSIFICATION, "tier")


@dataclass(frozen=True, slots=True)
class Relation:
    """What dbt reads or makes.

    Attributes:
        node: as dbt's manifest has it.
        place: where it is in its Store.
        dataset: the name of its DataSet.
        is_output: whether dbt makes it.
        state: as the Store's catalog shows it; None where it is not there, or that cannot be read.
        tests: those of its columns.
        owner: of its group.
    """

    node: Mapping[str, Any]
    place: Place
    dataset: str
    is_output: bool
    state: TableState | None = None
    tests: tuple[ColumnTest, ...] = ()
    owner: str = ""


@dataclass
class Reading:
    """How relations become DataSets.

    Attributes:
        store: the Store's name.
        names: the DataSets' names, by dbt's IDs.
        canonical: the type as which the Store reads one back.
        notes: what could not be carried over; grows.
    """

    store: str
    names: Mapping[str, str]
    canonical: Callable[[DataType], DataType]
    notes: list[str] = field(default_factory=list)

    def dataset(self, relation: Relation) -> Found:
        """The contract of what dbt reads or makes; what the project does not say of an output is guessed."""
        node, guessed = relation.node, set[str]()
        meta = _meta(node)
        columns = [*self._columns(relation, guessed)]
        spec: dict[str, Any] = {
            "store": self.store,
            "table": relation.place.table,
            "description": str(node.get("description") or "").strip()
            or (relation.state.description if relation.state else ""),
            "owner": owner_of(meta.get("owner")) or relation.owner,
            "schema": columns,
            **self._chosen(relation, meta),
        }
        if relation.is_output and CLASSIFICATION not in spec:
            spec[CLASSIFICATION] = "confidential" if any(each.get("pii") for each in columns) else "internal"
            guessed.add(CLASSIFICATION)
        metadata = Metadata(name=relation.dataset, labels=dict(_labels(node.get("tags") or ())))
        manifest = DataSet(metadata=metadata, spec=DataSetSpec.model_validate(spec))
        return Found(manifest, frozenset(guessed), has_all_columns=relation.state is not None)

    def _chosen(self, relation: Relation, meta: Mapping[str, Any]) -> dict[str, str]:
        found = {}
        for name, choices in _CHOICES.items():
            value = meta.get(name)
            if value in choices:
                found[name] = str(value)
            elif value is not None:
                self._note(relation, f"meta {name} is {value!r}; expected one of {', '.join(choices)}")
        if left := sorted(name for name in meta if name not in _READ):
            self._note(relation, f"meta {', '.join(left)} has no field in a DataSet")
        return found

    def _columns(self, relation: Relation, guessed: set[str]) -> Iterator[dict[str, Any]]:
        node, state = relation.node, relation.state
        said = {str(each["name"]).lower(): each for each in (node.get("columns") or {}).values()}
        there = {each.name.lower(): each for each in state.columns} if state else {}
        types = {name: self._type(relation, each) for name, each in said.items()}
        types |= {
            name: each.type
            for name, each in there.items()
            if types.get(name) is None or self._same(types[name], each.type)
        }
        names = [*there, *(name for name in said if name not in there)]
        if absent := [said[name]["name"] for name in names if state and name not in there]:
            self._note(relation, f"the table has no column {', '.join(absent)}, which dbt describes; left out")
        if unknown := [said[name]["name"] for name in names if not state and types.get(name) is None]:
            self._note(
                relation,
                f"the type of {', '.join(unknown)} is not known, so it has no schema: give columns a `data_type`, or "
                "build it once and import again",
            )
            return
        if not names:
            self._note(relation, "no column of it is known, so it has no schema: build it once and import again")
        keys = {*_keys(node)}
        for name in [*there] if state else names:
            described, found = said.get(name, {}), there.get(name)
            column: dict[str, Any] = {"name": found.name if found else described["name"], "type": str(types[name])}
            if text := str(described.get("description") or "").strip() or (found.description if found else ""):
                column["description"] = text
            if name in keys or (found and found.primary_key):
                column["primaryKey"] = True
            elif "not_null" in _constraints(described) or (found and not found.nullable):
                column["nullable"] = False
            column |= self._pii(relation, column["name"], described, guessed)
            if tests := [*self._tests(relation, name)]:
                column["tests"] = tests
            yield column

    def _same(self, one: DataType | None, other: DataType) -> bool:
        return one is not None and self.canonical(one) == self.canonical(other)

    def _type(self, relation: Relation, column: Mapping[str, Any]) -> DataType | None:
        name = str(column["name"])
        text = column.get("data_type") or ((relation.node.get("config") or {}).get("column_types") or {}).get(name)
        if not text:
            return None
        try:
            return DataType.parse(str(text))
        except ValueError as fault:
            self._note(relation, f"column {name}: {fault}")
            return None

    def _pii(self, relation: Relation, name: str, column: Mapping[str, Any], guessed: set[str]) -> dict[str, bool]:
        said = _meta(column).get("pii")
        if said is None and "pii" in [str(tag).lower() for tag in _tags(column)]:
            said = True
        if isinstance(said, bool):
            return {"pii": said}
        if said is not None:
            self._note(relation, f"meta pii of column {name} is {said!r}; expected true or false")
        suspected = is_suspected(name)
        if not (suspected or relation.is_output):
            return {}
        guessed.add(pii(name))
        return {"pii": suspected}

    def _tests(self, relation: Relation, column: str) -> Iterator[Any]:
        for each in relation.tests:
            if each.column.lower() != column:
                continue
            if isinstance(each.test, str):
                yield {each.test: True}
            elif "relationships" not in each.test:
                yield each.test
            elif (other := self.names.get(each.test["relationships"]["to"])) is not None:
                yield {"relationships": {"to": other, "field": each.test["relationships"]["field"]}}

    def _note(self, relation: Relation, text: str) -> None:
        self.notes.append(f"{relation.node.get('original_file_path')}: {relation.node['name']}: {text}")


def _meta(node: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**(node.get("meta") or {}), **((node.get("config") or {}).get("meta") or {})}


def _tags(column: Mapping[str, Any]) -> list[Any]:
    return [*(column.get("tags") or ()), *((column.get("config") or {}).get("tags") or ())]


def _labels(tags: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Tags as labels: ``team:finance`` and ``team=finance`` have a value, others are true."""
    for tag in sorted({*map(str, tags)}):
        pair = _KEY_VALUE.match(tag)
        yield (pair[1].strip(), pair[2].strip()) if pair else (tag, "true")


def owner_of(said: Any) -> str:
    """Who owns something: a name, or of several the first; of a mapping, its name or else its address."""
    if isinstance(said, Mapping):
        said = said.get("name") or said.get("email")
    return str(said[0] if isinstance(said, list) and said else said or "")


def _constraints(entry: Mapping[str, Any]) -> list[str]:
    return [str(each.get("type")) for each in entry.get("constraints") or ()]


def _keys(node: Mapping[str, Any]) -> Iterator[str]:
    """The columns of the primary key, in lower case."""
    for each in node.get("constraints") or ():
        if each.get("type") == "primary_key":
            yield from (str(name).lower() for name in each.get("columns") or ())
    for column in (node.get("columns") or {}).values():
        if "primary_key" in _constraints(column):
            yield str(column["name"]).lower()
