"""Records are what the models would be: the same documents are right, with the same values."""

from __future__ import annotations

import marshal
import random
from collections.abc import Iterator
from functools import partial
from typing import Annotated, Any

import pytest
import yaml
from pydantic import AfterValidator, ValidationError
from pydantic_core import SchemaValidator

from datakit_iac.manifest.document import Manifest, Model
from datakit_iac.manifest.kinds import KINDS
from datakit_iac.manifest.records import Record, modelled, packed, validator
from tests.manifest.test_fuzz import SOUND, restructured
from tests.manifest.writing import DATASET, ENVIRONMENT, TRANSFORM


def kept(kind: str) -> SchemaValidator:
    """The validator of a kind as another process finds it."""
    return validator(marshal.loads(marshal.dumps(packed(KINDS[kind]))))


VALIDATORS = {kind: kept(kind) for kind in KINDS}


def record(text: str) -> Any:
    document = yaml.safe_load(text)
    return VALIDATORS[document["kind"]].validate_python(document)


def documents() -> Iterator[dict[str, Any]]:
    """Sound manifests, and many with a value or two that are out of place."""
    chance = random.Random(7)
    for number in range(1500):
        text = chance.choice(SOUND)
        for document in yaml.safe_load_all(text if number % 10 == 0 else restructured(text, chance)):
            if isinstance(document, dict) and document.get("kind") in tuple(KINDS):
                yield document


def made(check: Any, document: dict[str, Any]) -> Any:
    try:
        return check(document)
    except ValidationError as invalid:
        return [(error["loc"], error["type"], error["msg"]) for error in invalid.errors()]


def test_a_record_is_made_of_what_its_model_takes_and_has_the_same_values() -> None:
    right = wrong = 0
    for document in documents():
        kind = document["kind"]
        expected = made(KINDS[kind].model_validate, document)
        found = made(VALIDATORS[kind].validate_python, document)
        assert modelled(found) == expected
        if isinstance(expected, Manifest):
            assert (found.kind, found.name, found.identity) == (expected.kind, expected.name, expected.identity)
        right, wrong = right + isinstance(found, Record), wrong + isinstance(found, list)
    assert right > 200
    assert wrong > 500


def test_a_record_answers_as_its_model_does() -> None:
    dataset = record(DATASET)
    model = KINDS["DataSet"].model_validate(yaml.safe_load(DATASET))
    assert not isinstance(dataset, Manifest)
    assert str(dataset.spec.place) == "raw.users"
    assert [column.required for column in dataset.spec.columns] == [True, False]
    assert dataset.dumped() == model.dumped()
    assert repr(dataset) == repr(model)
    assert dataset.spec.model_fields_set == {"store", "table", "columns"}
    assert not hasattr(dataset.spec, "weight")
    (bound,) = record(ENVIRONMENT).bound()
    assert (bound.name, bound.binding.connection) == ("warehouse", {"path": "dev.duckdb"})


def test_records_of_one_document_are_equal_and_of_two_are_not() -> None:
    assert record(DATASET) == record(DATASET)
    assert len({record(DATASET), record(DATASET)}) == 1
    assert record(DATASET) != record(DATASET.replace("raw.users", "raw.people"))
    assert record(DATASET) != record(TRANSFORM)


@pytest.mark.parametrize("check", [lambda text: text, partial(str)])
def test_what_has_no_name_is_not_kept(check: Any) -> None:
    class Nameless(Model):
        field: Annotated[str, AfterValidator(check)]

    with pytest.raises(ValueError, match="cannot be found by a name"):
        packed(Nameless)  # type: ignore[arg-type]
