"""The Transform and the DataSets of a dbt project, made of dbt's manifest and the catalog of its Store."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from datakit_iac.importing.dbt_datasets import Reading, Relation, owner_of
from datakit_iac.importing.dbt_tests import column_tests
from datakit_iac.importing.found import Found
from datakit_iac.importing.names import of_place
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.manifest.models.document import Metadata
from datakit_iac.manifest.models.transform import Transform, TransformSpec
from datakit_iac.runtimes.dbt.graph import BUILT
from datakit_iac.runtimes.dbt.reading import Parsed
from datakit_iac.technologies.technology import TableState, Technology

_MANY: Final = 5


class NotImportableError(Exception):
    """What the project says cannot be manifests; the text says which, and what to do."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be imported.

    Attributes:
        transform: the name of the Transform.
        project: the folder of the dbt project, from that of the manifests.
        store: the Store's name.
        select: dbt's selectors; empty for everything.
        exclude: those of what is left out.
        variables: the variables that templates ask for.
    """

    transform: str
    project: str
    store: str
    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()


@dataclass
class Surroundings:
    """What is there already.

    Attributes:
        address: tells one place of the Store from another.
        datasets: the names of the Store's DataSets, by the address of their places.
        taken: names that no new DataSet may have.
        written: the DataSets that other Transforms write.
        describe: what the Store's catalog shows at a place.
    """

    address: Callable[[Place], str] = str
    datasets: Mapping[str, str] = field(default_factory=dict)
    taken: Collection[str] = ()
    written: Collection[str] = ()
    describe: Callable[[Place], TableState | None] = lambda _: None


def imported(
    parsed: Parsed, asked: Asked, technology: Technology, around: Surroundings
) -> tuple[list[Found], list[str]]:
    """The manifests, DataSets first, and what could not be carried over.

    Raises:
        NotImportableError: a model reads what no file declares, or another database.
    """
    nodes = {**parsed.manifest["nodes"], **parsed.manifest["sources"]}
    relations = {
        uid: node
        for uid, node in nodes.items()
        if node["resource_type"] == "source" or (node["resource_type"] in BUILT and _kind(node) != "ephemeral")
    }
    places = {uid: Place(table=_table(node)) for uid, node in relations.items()}
    names, taken = dict[str, str](), {*around.taken}
    for uid, place in places.items():
        names[uid] = around.datasets.get(around.address(place)) or of_place(place, taken)
        taken.add(names[uid])
    made = [uid for uid in sorted(parsed.selected) if uid in relations and nodes[uid]["resource_type"] in BUILT]
    outputs = [uid for uid in made if names[uid] not in around.written]
    skipped = [uid for uid in made if names[uid] in around.written]
    if not outputs:
        return [], [] if skipped else ["nothing that dbt builds is selected"]
    inputs = sorted({*_read(nodes, outputs, relations)} - {*outputs}, key=lambda uid: names[uid])
    _demand_here(parsed, {uid: relations[uid] for uid in (*outputs, *inputs)})
    tests, others = column_tests(parsed.manifest)
    reading = Reading(asked.store, names, technology.canonical)
    known = {*around.datasets.values()}
    found = [
        reading.dataset(
            Relation(
                relations[uid],
                places[uid],
                names[uid],
                uid in outputs,
                around.describe(places[uid]),
                tuple(each for each in tests if each.node == uid),
                _group_owner(parsed, relations[uid]),
            )
        )
        for uid in (*inputs, *outputs)
        # Of what is made elsewhere and is known, dbt says nothing that its own manifest does not.
        if uid in outputs or names[uid] not in known
    ]
    select = asked.select if not skipped else tuple(sorted(str(relations[uid]["name"]) for uid in outputs))
    found.append(_transform(asked, select, [names[uid] for uid in inputs], sorted(names[uid] for uid in outputs)))
    return found, [*reading.notes, *_notes(parsed, others)]


def _transform(asked: Asked, select: Iterable[str], inputs: list[str], outputs: list[str]) -> Found:
    spec = {
        "runtime": "dbt",
        "inputs": [{"dataset": name} for name in inputs],
        "outputs": [{"dataset": name} for name in outputs],
        "env": [{"name": name, "value": f"${{{name}}}"} for name in asked.variables],
        "dbt": {"project": asked.project, "select": [*select], "exclude": [*asked.exclude]},
    }
    return Found(Transform(metadata=Metadata(name=asked.transform), spec=TransformSpec.model_validate(spec)))


def _read(nodes: Mapping[str, Any], outputs: Iterable[str], relations: Collection[str]) -> Iterator[str]:
    """What the outputs read; of what is ephemeral, what that reads."""
    waiting, seen = [*outputs], {*outputs}
    while waiting:
        for uid in (nodes[waiting.pop()].get("depends_on") or {}).get("nodes", ()):
            if uid in seen:
                continue
            seen.add(uid)
            if uid in relations:
                yield uid
            elif uid in nodes:
                waiting.append(uid)


def _demand_here(parsed: Parsed, relations: Mapping[str, Any]) -> None:
    for node in relations.values():
        called = f"source('{node.get('source_name')}', '{node['name']}')"
        if node["resource_type"] == "source" and node["schema"] == "datakit_undeclared":
            raise NotImportableError(
                f"a model reads {called}, which neither dbt nor a DataSet declares; declare it in dbt's YAML, or "
                "import the tables of the Store first: dk import STORE"
            )
        if (node.get("database") or parsed.database).lower() != parsed.database.lower():
            what = called if node["resource_type"] == "source" else f"{node['resource_type']} {node['name']}"
            raise NotImportableError(
                f"{what} is in database {node['database']}, and the Store is {parsed.database}; leave out `database`"
            )


def _group_owner(parsed: Parsed, node: Mapping[str, Any]) -> str:
    named = node.get("group") or (node.get("config") or {}).get("group")
    groups = (parsed.manifest.get("groups") or {}).values()
    return next((owner_of(each.get("owner")) for each in groups if named and each["name"] == named), "")


def _notes(parsed: Parsed, tests: list[str]) -> Iterator[str]:
    if tests:
        more = f" and {len(tests) - _MANY} more" if len(tests) > _MANY else ""
        yield f"dbt runs these tests, and no contract has them: {', '.join(tests[:_MANY])}{more}"
    for kind in ("exposures", "metrics", "semantic_models", "saved_queries"):
        if there := parsed.manifest.get(kind):
            named = ", ".join(sorted(str(each["name"]) for each in there.values())[:_MANY])
            yield f"{kind.replace('_', ' ')} have no manifest and stay dbt's: {named}"


def _kind(node: Mapping[str, Any]) -> str:
    return str((node.get("config") or {}).get("materialized"))


def _table(node: Mapping[str, Any]) -> str:
    return f"{node['schema']}.{node.get('alias') or node.get('identifier') or node['name']}"
