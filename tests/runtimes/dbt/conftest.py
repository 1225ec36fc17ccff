"""A small dbt project on a small DuckDB file, and what runs jobs on it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.contract.job import Job
from datakit_iac.executors.local.processes import LocalProcesses
from datakit_iac.executors.protocol import Executor
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.runtimes import execution
from datakit_iac.runtimes.dbt.project.dbt_project import DbtProject
from datakit_iac.runtimes.dbt.project.selection import select
from datakit_iac.runtimes.dbt.runtime import Dbt
from datakit_iac.runtimes.job import RunContext, RunResult

FILES = {
    "dbt_project.yml": """
        name: shop
        version: "1.0"
        profile: whatever
        models:
          shop:
            +materialized: table
            marts: {+schema: marts}
    """,
    "macros/schema.sql": """
        {% macro generate_schema_name(name, node) %}{{ name or target.schema }}{% endmacro %}
    """,
    "models/staging/stg_orders.sql": "select id, customer, amount from {{ source('warehouse', 'raw_orders') }}",
    "models/staging/stg_customers.sql": "select distinct customer from {{ ref('stg_orders') }}",
    "models/staging/staging.yml": """
        version: 2
        models:
          - name: stg_orders
            description: Orders.
            columns:
              - name: id
                description: The order.
                data_tests: [unique, not_null]
              - name: customer
          - name: stg_customers
            columns:
              - name: customer
                data_tests:
                  - accepted_values:
                      arguments: {values: [ann, ben]}
    """,
    "models/marts/revenue.sql": "select customer, sum(amount) as revenue from {{ ref('stg_orders') }} group by all",
    "models/marts/marts.yml": """
        version: 2
        models:
          - name: revenue
            description: What each customer spent.
            columns:
              - name: customer
                data_tests:
                  - relationships:
                      arguments: {to: ref('stg_customers'), field: customer}
    """,
    "tests/revenue_is_positive.sql": "select * from {{ ref('revenue') }} where revenue < 0",
}


@dataclass
class Shop:
    """The project's folder, its database, and the DataSets in it."""

    root: Path
    database: Path
    settings: dict[str, object] = field(default_factory=dict)

    def write(self, file: str, text: str) -> None:
        """Write one of the project's files."""
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_dedented(text))

    def replace(self, file: str, old: str, new: str) -> None:
        """Edit one of them."""
        text = (self.root / file).read_text()
        assert old in text
        (self.root / file).write_text(text.replace(old, new))

    def dataset(self, name: str, table: str = "", store: str = "warehouse", **options: object) -> BoundDataSet:
        """A DataSet in the database."""
        connection = Connection("duckdb", {"path": str(self.database), **options})
        return BoundDataSet(name, store, connection, Place(table=table or f"main.{name.replace('-', '_')}"))

    def job(
        self,
        *selected: str,
        transform: str = "staging",
        timeout: float | None = None,
        outputs: Sequence[BoundDataSet] | None = None,
        **settings: object,
    ) -> Job:
        """A job that selects; unless others are named, its outputs are the models that it selects."""
        raw, stagings = (
            self.dataset("raw-orders", "raw.orders"),
            [self.dataset("stg-orders"), self.dataset("stg-customers")],
        )
        made = self._made(selected) if outputs is None else outputs
        return Job(
            transform,
            "dbt",
            {"project": str(self.root), "select": list(selected), **settings},
            inputs=(raw, *(each for each in stagings if each.name not in {one.name for one in made})),
            outputs=tuple(made),
            context=tuple(each.reference for each in (raw, *stagings)),
            timeout=timeout,
        )

    def _made(self, selected: Sequence[str]) -> list[BoundDataSet]:
        nodes = [node for node in select(DbtProject(self.root), selected).nodes if node.kind == "model"]
        schemas = {node.name: "marts" if "marts" in node.fqn else "main" for node in nodes}
        return [self.dataset(name.replace("_", "-"), f"{schema}.{name}") for name, schema in schemas.items()]


def _dedented(text: str) -> str:
    lines = text.strip("\n").splitlines()
    margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return "\n".join(line[margin:] for line in lines) + "\n"


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """The project as it was written."""
    made = Shop(tmp_path / "shop", tmp_path / "warehouse.duckdb")
    for file, text in FILES.items():
        made.write(file, text)
    return made


@pytest.fixture
def warehouse(shop: Shop) -> Path:
    """Its database, with three orders."""
    import duckdb

    with duckdb.connect(shop.database) as database:
        database.execute("create schema raw")
        database.execute("create table raw.orders (id integer, customer varchar, amount integer)")
        database.execute("insert into raw.orders values (1, 'ann', 5), (2, 'ben', 7), (3, 'ann', 1)")
    return shop.database


@dataclass
class Runner:
    """Runs jobs with one Runtime and one Executor, over one cache."""

    runtime: Dbt
    executor: Executor
    folder: Path
    cancel: threading.Event = field(default_factory=threading.Event)
    shown: list[str] = field(default_factory=list)
    on_progress: Callable[[str], None] = lambda _: None

    @property
    def cache(self) -> Path:
        """What stays between runs."""
        return self.folder / "cache"

    def __call__(self, job: Job) -> RunResult:
        """Run a job."""
        self.cache.mkdir(exist_ok=True)
        return execution.run(self.runtime, job, RunContext(self.executor, self.cache, self._show, self.cancel))

    def _show(self, line: str) -> None:
        self.shown.append(line)
        self.on_progress(line)


@pytest.fixture(scope="session")
def dbt() -> Dbt:
    """One Runtime for all tests that do it no harm."""
    return Dbt()


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalProcesses]:
    """One Executor for them: its worker is started once."""
    executor = LocalProcesses(tmp_path_factory.mktemp("local"))
    yield executor
    executor.close()


@pytest.fixture
def run(dbt: Dbt, local: LocalProcesses, tmp_path: Path) -> Runner:
    """Runs jobs in the shared worker."""
    return Runner(dbt, local, tmp_path)


@pytest.fixture
def run_alone(tmp_path: Path) -> Iterator[Runner]:
    """Runs jobs in a worker of the test's own."""
    executor = LocalProcesses(tmp_path)
    yield Runner(Dbt(), executor, tmp_path)
    executor.close()
