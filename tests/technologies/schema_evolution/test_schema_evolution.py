"""Each kind of change on each technology, on the real server, with rows in the table: what happens is on the page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import pytest

from datakit_iac.provider import inputs as decode
from datakit_iac.provider.reconcile import changes_to
from datakit_iac.technologies.steps import steps
from datakit_iac.testing import Lifecycle, OperationError, RefusedError, Subject
from tests.technologies.schema_evolution.cases import CASES, Case, consents
from tests.technologies.schema_evolution.page import LOCKS, OUTCOMES, PROPERTY, cells
from tests.technologies.schema_evolution.stores import STORES, Tables


@pytest.fixture(scope="module", params=STORES)
def tables(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """A Store of a technology for all cases."""
    return STORES[request.param](tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def provider(tables: Tables) -> Iterator[Lifecycle]:
    """A provider, and the Store made by it."""
    from datakit_iac.testing import FUNCTIONS, TYPES

    with tables, Lifecycle(TYPES, FUNCTIONS) as served:
        served.subject("datakit:index:Store", "store").up({**tables.store, "create": True})
        yield served


def carried_out(subject: Subject, inputs: dict[str, Any]) -> tuple[str, str]:
    """What the engine does with other inputs, and why not."""
    try:
        subject.preview(inputs)
        return subject.up(inputs).kind, ""
    except (RefusedError, OperationError) as refused:
        return "refused", str(refused)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_change_does_what_the_page_says(
    case: Case, tables: Tables, provider: Lifecycle, record_property: Any, pytestconfig: pytest.Config
) -> None:
    technology, place = tables.kit.technology.name, tables.place(f"t{CASES.index(case)}")
    subject = provider.subject("datakit:index:DataSet", place)
    first = tables.inputs(place, case.before)
    subject.up(first)
    before = decode.dataset(first)
    tables.fill(before, case.rows)
    written = tables.rows(before)
    body, catalog = tables.body(before), tables.catalog(before)
    wanted = tables.inputs(tables.place(f"u{CASES.index(case)}") if case.moves else place, case.after)
    wanted |= {**case.inputs, "consents": consents(case), "name": first["name"]}

    with tables.locks.watched(place) if tables.locks else nullcontext():
        kind, why = carried_out(subject, wanted)

    outcome = kind
    if tables.not_understood and tables.not_understood in why:
        outcome = "–"
    elif kind == "refused":
        assert any(permit in why for permit in case.permit), why
        assert (tables.rows(before), tables.body(before), tables.catalog(before)) == (written, body, catalog)
    else:
        after = decode.dataset(wanted)
        if kind != "replace":
            is_same = tables.body(after) == body
            outcome = ("recorded" if tables.catalog(after) == catalog else "in place") if is_same else "rewrite"
        expected = case.rows if case.expected is None else case.expected
        if case.moves:
            assert tables.rows(before) == written
        elif tables.is_kept_as_written or (outcome == "recorded" and case.data != "kept"):
            expected = written
        assert tables.rows(after) == sorted(expected, key=repr)
        planned = steps(after, changes_to(after, before.columns, wanted))
        if planned and outcome in ("in place", "rewrite"):
            assert ("rewrite" in {step.how for step in planned}) == (outcome == "rewrite")
            assert all(step.keeps_data for step in planned) or case.consents
            assert {step.lock for step in planned} == {tables.locks.told() if tables.locks else ""}
    seen = {(OUTCOMES, technology): outcome}
    if tables.locks and outcome in ("in place", "rewrite"):
        seen[LOCKS, technology] = tables.locks.told()
    if outcome in ("in place", "rewrite", "replace"):
        seen[OUTCOMES, "data"] = case.data
    for (table, heading), cell in seen.items():
        record_property(PROPERTY, (table, case.title, heading, cell))
        if not pytestconfig.getoption("schema_evolution", default=False):
            assert cells(table)[case.title, heading] == cell


def test_the_page_has_no_other_rows_and_technologies(pytestconfig: pytest.Config) -> None:
    if pytestconfig.getoption("schema_evolution", default=False):
        return  # it is written once all tests have ended
    found = cells(OUTCOMES)
    assert [*dict.fromkeys(change for change, _ in found)] == [case.title for case in CASES]
    assert {heading for _, heading in found} == {*STORES, "data"}
    assert {change for change, _ in cells(LOCKS)} <= {case.title for case in CASES}
