"""Inputs of resources as the values that technologies and runtimes work on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import TypeAdapter

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet, DataSetReference
from datakit_iac.contract.faults import faults
from datakit_iac.contract.job import Job
from datakit_iac.contract.shapes import SHAPES
from datakit_iac.findings.location import spelled
from datakit_iac.manifest.models.column import Column, Test
from datakit_iac.manifest.models.dataset import Consent, Place
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.provider.property_values import unknowns
from datakit_iac.provider.resource_types.resource_type import Call, Fault, Properties
from datakit_iac.technologies.technology import address

TAGS: Final = ("classification", "tier", "owner", "retention")
"""What the state records of a DataSet for people and policies; no technology is told."""

_COLUMNS: Final = TypeAdapter(tuple[Column, ...])
_TESTS: Final = TypeAdapter(tuple[Test, ...])
_CONSENTS: Final = TypeAdapter(tuple[Consent, ...])


def connection(store: Properties) -> Connection:
    """How a Store is reached, of the properties of a Store or of a DataSet's `store`.

    Secrets that a preview does not know yet are left out: nothing is reached with them.
    """
    return Connection(
        technology=store["technology"],
        options=_plain(store.get("connection") or {}),
        secrets=_secrets(store.get("secrets") or {}),
    )


def dataset(properties: Properties) -> BoundDataSet:
    """The contract and its place, of a DataSet's properties.

    Raises:
        pydantic.ValidationError: columns or tests do not have their shape.
    """
    return BoundDataSet(
        name=properties["name"],
        store=properties["store"].get("name", ""),
        connection=connection(properties["store"]),
        place=place(properties),
        columns=_columns(properties.get("schema") or ()),
        description=properties.get("description") or "",
        tests=_TESTS.validate_python(tuple(properties.get("tests") or ())),
        writers=tuple(properties["writers"]) if "writers" in properties else None,
        reader=properties.get("reader") or {},
    )


def _columns(schema: Iterable[Properties]) -> tuple[Column, ...]:
    """The columns; how personal data is masked no technology is told, and an older state may say it in other words."""
    told = ({key: value for key, value in column.items() if key != "masking"} for column in schema)
    return _COLUMNS.validate_python(tuple(told))


def place(properties: Properties) -> Place:
    """Where a DataSet lies in its Store."""
    return Place(**{key: properties.get(key) for key in ("table", "prefix", "topic", "format")})


def job(properties: Properties, environment: str) -> Job:
    """What a Run runs."""
    return Job(
        transform=properties["transform"],
        runtime=properties["runtime"],
        settings=properties.get("settings") or {},
        inputs=tuple(map(dataset, properties.get("inputs") or ())),
        outputs=tuple(map(dataset, properties.get("outputs") or ())),
        context=tuple(_context(properties.get("context") or {})),
        environment=environment,
        timeout=properties.get("timeout"),
        identity=_identity(properties),
        variables=_plain(properties.get("env") or {}),
        given=properties.get("given") or "",
    )


def _identity(run: Properties) -> str:
    """A digest of what is computed, of what: a renamed DataSet leaves it as it is."""
    places = {each["name"]: [each["store"].get("name"), address(dataset(each))] for each in run.get("inputs") or ()}
    versions = [[places.get(name, name), str(version)] for name, version in (run.get("versions") or {}).items()]
    text = json.dumps([run.get("definition"), sorted(versions, key=str)])
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _context(tables: Any) -> Iterator[DataSetReference]:
    """The DataSets of a Run's context; none of a state that an earlier version wrote, which had a list of contracts."""
    for store, named in tables.items() if isinstance(tables, Mapping) else ():
        for name, table in named.items():
            yield DataSetReference(name, store, Place(table=table))


def consent(properties: Properties, subject: str) -> Consent | None:
    """The leave that the manifest gives, today, to lose what `subject` (``table`` or ``column/NAME``) holds."""
    today = datetime.now(UTC).date()
    consents = _CONSENTS.validate_python(tuple(properties.get("consents") or ()))
    return next((each for each in consents if each.object == subject and each.expires >= today), None)


def unsound(kind: str, properties: Properties) -> list[Fault]:
    """What a manifest would not take in the inputs of a resource, as far as they are known."""
    return [Fault(path, reason) for path, reason in faults(SHAPES[kind], properties)]


def foretell(properties: Properties, call: Call) -> None:
    """Say what only the update will know, so that a plan does not look as if nothing were to be done."""
    if paths := sorted(spelled(path) for path in unknowns(properties)):
        call.tell(f"known after apply: {', '.join(paths)}")


def _secrets(values: Any) -> dict[str, Secret]:
    known = _plain(values)
    known = known if isinstance(known, Mapping) else {}
    return {name: value if isinstance(value, Secret) else Secret(value) for name, value in known.items()}


def _plain(value: Any) -> Any:
    """A map that a secret wraps as a whole is a map of secrets."""
    if isinstance(value, Secret) and isinstance(value.content, Mapping):
        return {key: Secret(item) for key, item in value.content.items()}
    return value
