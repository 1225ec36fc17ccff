"""A driver call that fails, at every point in turn: after the retry the Store is as if nothing had happened."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

import duckdb
import psycopg
import pytest

from datakit_iac.technologies.postgres.opening import connected
from datakit_iac.technologies.technology import TableState
from datakit_iac.testing.lifecycle import Lifecycle, OperationError, Subject
from tests.lifecycle.warehouse import ID, NAME, PostgresWarehouse, Warehouse

pytestmark = pytest.mark.slow

CALLS = ("execute",)


@dataclass
class Fault:
    """Fails the nth driver call: before it is made, or after, so that its answer is lost."""

    at: int
    when: Literal["before", "after"]
    fault: type[Exception] = duckdb.IOException
    calls: int = 0
    armed: bool = True

    def wrap(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any) -> Any:
            due = self.armed and self.calls == self.at
            self.calls += 1
            if due and self.when == "before":
                self._fail()
            answer = method(*arguments)
            if due:
                self._fail()
            return answer

        return called

    def _fail(self) -> None:
        self.armed = False
        raise self.fault("injected fault")


class Connection:
    """A driver's connection some of whose calls fail."""

    def __init__(self, real: Any, fault: Fault) -> None:
        self._real, self._fault = real, fault

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._real, name)
        return self._fault.wrap(method) if name in CALLS else method


@contextlib.contextmanager
def injected(fault: Fault) -> Iterator[None]:
    real, reach = duckdb.connect, connected
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "datakit_iac.technologies.duckdb.opening.duckdb.connect",
            lambda path, **settings: Connection(real(path, **settings), fault),
        )
        server = "datakit_iac.technologies.postgres.databases.connected"
        patch.setattr(server, lambda options: Connection(reach(options), fault))
        yield


def every_fault(warehouse: Warehouse, when: Literal["before", "after"], act: Callable[[Fault], None]) -> int:
    """Do something with a fault at each driver call in turn, until there are no more; how many there were."""
    raised = psycopg.OperationalError if isinstance(warehouse, PostgresWarehouse) else duckdb.IOException
    at = 0
    while True:
        fault = Fault(at, when, raised)
        act(fault)
        if fault.armed:
            return at
        at += 1


def seen(live: TableState | None) -> TableState | None:
    """A table without what differs from one making to the next."""
    assert live is None or live.mark is not None
    return live and replace(live, mark=None)


@pytest.fixture(params=[Warehouse, PostgresWarehouse])
def warehouse(lifecycle: Lifecycle, request: pytest.FixtureRequest) -> Warehouse:
    """A Store of each technology that keeps tables, there and empty."""
    made: Warehouse = request.param()
    lifecycle.subject("datakit:index:Store", "warehouse").up({**made.store, "create": True})
    return made


WHEN = pytest.mark.parametrize("when", ["before", "after"])


@WHEN
def test_a_create_that_fails_anywhere_is_completed_by_the_retry(
    lifecycle: Lifecycle, warehouse: Warehouse, when: Literal["before", "after"]
) -> None:
    lifecycle.subject("datakit:index:DataSet", "users").up(warehouse.users())
    faultless = seen(warehouse.live())

    def create(fault: Fault) -> None:
        warehouse.run("DROP TABLE raw.users; DROP SCHEMA raw")
        users = lifecycle.subject("datakit:index:DataSet", "users")
        with injected(fault), contextlib.suppress(OperationError):
            users.up(warehouse.users())
        users.up(warehouse.users())
        assert seen(warehouse.live()) == faultless
        assert warehouse.tables() == ["users"]

    assert every_fault(warehouse, when, create) > 5


@WHEN
def test_an_update_that_fails_anywhere_is_completed_by_the_retry(
    lifecycle: Lifecycle, warehouse: Warehouse, when: Literal["before", "after"]
) -> None:
    before = ({"name": "id", "type": "int"}, {"name": "called", "type": "text"})
    after = (ID, {**NAME, "previousNames": ["called"]}, {"name": "email", "type": "text", "description": "Where."})

    def update(fault: Fault) -> None:
        warehouse.run("DROP TABLE IF EXISTS raw.users")
        users = lifecycle.subject("datakit:index:DataSet", "users")
        users.up(warehouse.users(*before))
        generation = users.outputs["generation"]
        warehouse.run("INSERT INTO raw.users VALUES (1, 'ann')")
        with injected(fault), contextlib.suppress(OperationError):
            users.up(warehouse.users(*after))
        users.up(warehouse.users(*after))
        assert warehouse.rows() == [(1, "ann", None)]
        live = warehouse.live()
        assert live is not None
        assert live.mark is not None
        described = {column.name: (str(column.type), column.description) for column in live.columns}
        assert described == {
            "id": ("bigint", ""),
            "name": ("string", "What they are called."),
            "email": ("string", "Where."),
        }
        # A column was added, so what fills the table must run again, whatever failed.
        assert users.outputs["generation"] == live.mark.generation != generation

    assert every_fault(warehouse, when, update) > 5


@WHEN
def test_a_delete_that_fails_anywhere_loses_nothing(
    lifecycle: Lifecycle, warehouse: Warehouse, when: Literal["before", "after"]
) -> None:
    def delete(fault: Fault) -> None:
        for table in warehouse.tables():
            warehouse.run(f'DROP TABLE raw."{table}"')
        users = lifecycle.subject("datakit:index:DataSet", "users")
        users.up(warehouse.users(deletion="delete"))
        warehouse.run("INSERT INTO raw.users VALUES (1, 'ann')")
        with injected(fault), contextlib.suppress(OperationError):
            users.destroy()
        if users.id:
            users.destroy()
        (trash,) = warehouse.tables()
        assert trash.startswith("users__trash_")
        assert warehouse.rows(f'raw."{trash}"') == [(1, "ann")]

    assert every_fault(warehouse, when, delete) > 3


@WHEN
def test_a_refresh_that_fails_forgets_nothing(
    filled: Subject, warehouse: Warehouse, when: Literal["before", "after"]
) -> None:
    before = filled.id, filled.inputs, filled.outputs

    def refresh(fault: Fault) -> None:
        with injected(fault), contextlib.suppress(OperationError):
            filled.refresh()
        assert (filled.id, filled.inputs, filled.outputs) == before

    assert every_fault(warehouse, when, refresh) > 0


def test_an_update_whose_record_was_lost_is_found_by_a_refresh(filled: Subject, warehouse: Warehouse) -> None:
    record = filled.id, filled.inputs, filled.outputs
    wanted = warehouse.users(ID, NAME, {"name": "email", "type": "text"})
    filled.up(wanted)
    generation = filled.outputs["generation"]
    filled.id, filled.inputs, filled.outputs = record
    filled.refresh()
    assert filled.outputs["generation"] == generation
    filled.up(wanted)
    assert filled.outputs["generation"] == generation
