"""Real dbt on a small real project."""

from __future__ import annotations

import json
import os
import signal
import stat
import sys
import textwrap
import threading
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest

from datakit_iac.contract.job import Job
from datakit_iac.executors.local.processes import LocalProcesses
from datakit_iac.executors.protocol import Cancelled, Execution, KeepsWorkers
from datakit_iac.executors.workload import Workload
from datakit_iac.manifest.models.process import ResourceAmounts, Resources
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.runtimes.dbt.project.dbt_project import DbtProject
from datakit_iac.runtimes.dbt.project.selection import select
from datakit_iac.runtimes.definition import given_digest
from datakit_iac.runtimes.job import JobFailedError
from tests.runtimes.dbt.conftest import Runner, Shop

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("warehouse"), pytest.mark.timeout(120)]


def rows(database: Path, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(database) as connection:
        return connection.execute(query).fetchall()


def test_two_jobs_build_and_test_and_let_go_of_the_database(shop: Shop, run: Runner) -> None:
    staging = run(shop.job("staging"))
    assert staging.counts == {"models": 2, "tests": 3}
    # Opened for writing here: the worker, still there, holds it no more.
    assert rows(shop.database, "from stg_customers order by 1") == [("ann",), ("ben",)]
    marts = run(shop.job("marts", transform="marts"))
    assert marts.counts == {"models": 1, "tests": 2}
    assert marts.notes == ()
    assert rows(shop.database, "from marts.revenue order by 1") == [("ann", 6), ("ben", 7)]
    assert "2 of 2 models, 3 of 3 tests" in run.shown
    assert "1 of 1 models, 2 of 2 tests" in run.shown


def test_the_project_is_left_as_it_was_and_the_profile_is_private(
    shop: Shop, run: Runner, tmp_path_factory: pytest.TempPathFactory
) -> None:
    profiles = "local*/.datakit/runs/*/profiles.yml"
    modes: set[int] = set()

    def look(_: str) -> None:
        modes.update(stat.S_IMODE(each.stat().st_mode) for each in tmp_path_factory.getbasetemp().glob(profiles))

    before = sorted(shop.root.rglob("*"))
    run.on_progress = look
    run(shop.job("staging"))
    assert sorted(shop.root.rglob("*")) == before
    assert modes == {0o600}
    assert [*tmp_path_factory.getbasetemp().glob(profiles)] == []
    assert not list(run.cache.rglob("profiles.yml"))


def test_the_second_run_parses_only_what_changed(shop: Shop, run: Runner) -> None:
    def parsed() -> int:
        (report,) = run.cache.rglob("perf_info.json")
        return int(json.loads(report.read_text())["parsed_path_count"])

    run(shop.job("staging"))
    everything = parsed()
    run(shop.job("marts"))
    assert parsed() == 0
    shop.replace("models/marts/revenue.sql", "sum(amount)", "max(amount)")
    run(shop.job("marts"))
    assert 0 < parsed() < everything
    assert rows(shop.database, "from marts.revenue order by 1") == [("ann", 5), ("ben", 7)]


def test_models_know_the_environment_by_the_name_of_the_target(shop: Shop, run: Runner) -> None:
    shop.write("models/staging/stg_orders.sql", "select 1 as id, '{{ target.name }}' as customer, 2 as amount")
    run(replace(shop.job("stg_orders"), environment="prod"))
    assert rows(shop.database, "select customer from stg_orders") == [("prod",)]


def test_each_set_of_vars_keeps_what_dbt_parsed(shop: Shop, run: Runner) -> None:
    """dbt parses everything again when a var has another value, so that of another environment or binding stays."""
    job = shop.job("staging")
    least = {value: replace(job, settings={**job.settings, "vars": {"least": value}}) for value in (1, 2)}

    def parsed(job: Job) -> int:
        began = time.time_ns()
        run(job)
        (report,) = [each for each in run.cache.rglob("perf_info.json") if each.stat().st_mtime_ns >= began]
        return int(json.loads(report.read_text())["parsed_path_count"])

    assert parsed(least[1]) > 0
    assert parsed(least[2]) > 0
    assert [parsed(least[value]) for value in (1, 2, 1)] == [0, 0, 0]


def failure(run: Runner, shop: Shop, *select: str) -> JobFailedError:
    with pytest.raises(JobFailedError) as caught:
        run(shop.job(*select))
    assert "Traceback" not in str(caught.value)
    assert str(run.cache) not in str(caught.value)
    return caught.value


def test_a_failing_model_is_named_with_its_file_and_the_databases_words(shop: Shop, run: Runner) -> None:
    shop.write("models/staging/stg_orders.sql", "select nothing from {{ source('warehouse', 'raw_orders') }}")
    failed = failure(run, shop, "staging")
    assert failed.cause.startswith(f"model stg_orders ({shop.root}/models/staging/stg_orders.sql) failed: Binder Error")
    assert 'column "nothing" not found' in str(failed)
    assert "0 of 5 models and tests succeeded, 1 failed, 4 were skipped" in failed.lines
    assert len(failed.lines) < 15


def test_a_failing_test_is_named_with_its_subject_and_rows(shop: Shop, run: Runner) -> None:
    shop.replace("models/staging/staging.yml", "[ann, ben]", "[ann]")
    failed = failure(run, shop, "staging")
    assert "of stg_customers.customer" in failed.cause
    assert "models/staging/staging.yml" in failed.cause
    assert failed.cause.endswith("failed: 1 row failed")
    assert rows(shop.database, "select count(*) from stg_orders") == [(3,)]


def test_a_test_that_only_warns_is_a_note(shop: Shop, run: Runner) -> None:
    shop.replace(
        "models/staging/staging.yml",
        "arguments: {values: [ann, ben]}",
        "arguments: {values: [ann]}\n              config: {severity: warn}",
    )
    outcome = run(shop.job("staging"))
    assert any("1 row failed" in note for note in outcome.notes)
    assert outcome.counts["tests"] == 3


def test_broken_jinja_is_named_with_file_and_line(shop: Shop, run: Runner) -> None:
    shop.write("models/staging/stg_orders.sql", "select 1\n\nfrom {{ ref('x' }}\n")
    failed = failure(run, shop, "staging")
    assert f"{shop.root}/models/staging/stg_orders.sql" in failed.cause
    assert any("line 3" in line for line in failed.lines)


def test_a_wrong_key_of_the_configuration_is_named_with_the_users_file(shop: Shop, run: Runner) -> None:
    shop.replace("dbt_project.yml", "profile:", "unit-tests: {}\nprofile:")
    failed = failure(run, shop, "staging")
    assert "Additional properties are not allowed ('unit-tests' was unexpected)" in failed.cause
    assert failed.lines == (f"Error encountered in {shop.root}/dbt_project.yml",)


@pytest.mark.parametrize(
    ("file", "text", "where"),
    [
        ("models/staging/stg_orders.sql", "select {{ env_var('RE' ~ 'GION') }} as id", "stg_orders.sql"),
        ("models/staging/stg_orders.sql", "select {{ asked() }} as id", "stg_orders.sql"),
        ("models/marts/revenue.sql", "select {{ asked() if execute }} as id", "revenue.sql"),
        ("models/x.yml", "models: [{name: revenue, config: {alias: \"{{ env_var('RE' ~ 'GION') }}\"}}]", "x.yml"),
        ("dbt_packages/p/models/pm.sql", "select {{ asked() }} as id", "dbt_packages/p/models/pm.sql"),
    ],
)
def test_a_variable_that_only_dbt_finds_is_named_with_the_model_and_the_fix(
    shop: Shop, run: Runner, file: str, text: str, where: str
) -> None:
    shop.write("macros/asked.sql", "{% macro asked() %}{{ env_var('RE' ~ 'GION') }}{% endmacro %}")
    shop.write("dbt_packages/p/dbt_project.yml", "name: p")
    shop.write("dbt_packages/p/macros/asked.sql", "{% macro asked() %}{{ env_var('RE' ~ 'GION') }}{% endmacro %}")
    shop.write(file, text)
    with pytest.raises(JobFailedError) as failed:
        run(shop.job("stg_orders", "revenue"))
    said = str(failed.value)
    assert where in said
    assert (
        "env_var('REGION') is used without a default, and the Transform does not declare it: "
        '`env: [{name: REGION, value: "${REGION}"}]`'
    ) in said


def test_a_missing_ref_is_named(shop: Shop, run: Runner) -> None:
    shop.write("models/staging/stg_orders.sql", "select * from {{ ref('nowhere') }}")
    assert "nowhere" in str(failure(run, shop, "staging"))


def test_a_broken_contract_is_named_with_its_columns(shop: Shop, run: Runner) -> None:
    shop.write(
        "models/staging/contract.yml",
        """
        models:
          - name: stg_new
            config: {contract: {enforced: true}}
            columns: [{name: one, data_type: integer}]
        """,
    )
    shop.write("models/staging/stg_new.sql", "select 'x' as one")
    failed = str(failure(run, shop, "stg_new"))
    assert "model stg_new" in failed
    assert "VARCHAR" in failed
    assert "INTEGER" in failed


def test_selecting_nothing_fails_and_says_so(shop: Shop, run: Runner) -> None:
    failed = failure(run, shop, "tag:nowhere")
    assert "matches no models" in failed.cause
    assert any("tag:nowhere" in line for line in failed.lines)


def test_sources_that_come_and_go_between_jobs_are_all_found(shop: Shop, run: Runner) -> None:
    # dbt's partial parse once lost sources of one name that stood together in one file.
    run(shop.job("staging"))
    marts = shop.job("marts", transform="marts")
    run(replace(marts, inputs=(shop.dataset("stg-orders"), shop.dataset("stg-customers")), context=()))
    assert run(shop.job("staging")).counts["models"] == 2


def test_inputs_in_another_file_are_read(shop: Shop, run: Runner, tmp_path: Path) -> None:
    with duckdb.connect(tmp_path / "fx.duckdb") as other:
        other.execute("create table rates as select 2 as rate")
    shop.write("models/fx/doubled.sql", "select rate * 2 as doubled from {{ source('fx_store', 'rates') }}")
    job = shop.job("fx")
    rates = shop.dataset("rates", store="fx-store", path=str(tmp_path / "fx.duckdb"))
    run(replace(job, inputs=(rates, *job.inputs)))
    assert rows(shop.database, "from doubled") == [(4,)]


@pytest.mark.parametrize(
    "selector",
    ["staging", "shop.marts", "stg_*", "path:models/staging", "models/marts", "stg_orders.sql", "file:revenue"],
)
def test_files_are_selected_as_dbt_selects(shop: Shop, run: Runner, selector: str) -> None:
    run(shop.job())
    built = {relation.name for relation in run(shop.job(selector)).relations}
    ours = {node.name for node in select(DbtProject(shop.root), [selector]).nodes if node.kind == "model"}
    assert ours
    assert ours == built & {"stg_orders", "stg_customers", "revenue"}


SLOW = "select count(*) as n from range(100000000) a, range(100000) b where a.range % 7 = b.range % 5"


def started(pid: str) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19])


def newest_worker() -> int:
    """The worker started last by this process, or 0."""
    ours = {child for task in Path("/proc/self/task").iterdir() for child in (task / "children").read_text().split()}
    for guardian in sorted(ours, key=started, reverse=True):
        words = Path(f"/proc/{guardian}/cmdline").read_bytes().split(b"\0")
        children = Path(f"/proc/{guardian}/task/{guardian}/children").read_text().split()
        if any(word.endswith(b"dbt/worker.py") for word in words):
            return int(children[0]) if children else 0
    return 0


def test_cancel_in_the_middle_of_a_model_takes_less_than_five_seconds(shop: Shop, run_alone: Runner) -> None:
    shop.write("models/slow/slow.sql", SLOW)
    asked: list[float] = []

    def cancel() -> None:
        asked.append(time.monotonic())
        run_alone.cancel.set()

    def on_progress(line: str) -> None:
        if "of 1 models" in line:
            threading.Timer(0.5, cancel).start()

    run_alone.on_progress = on_progress
    with pytest.raises(Cancelled):
        run_alone(shop.job("slow"))
    assert time.monotonic() - asked[0] < 5
    # The file is free, and the next job finds a new worker.
    run_alone.cancel.clear()
    run_alone.on_progress = lambda _: None
    assert run_alone(shop.job("staging")).counts["models"] == 2


def test_the_time_out_counts_from_the_turn_of_a_build(shop: Shop, run_alone: Runner) -> None:
    shop.write("models/slow/slow.sql", SLOW)
    begun = threading.Event()
    run_alone.on_progress = lambda line: begun.set() if "of 1 models" in line else None
    first = threading.Thread(target=pytest.raises, args=(JobFailedError, run_alone, shop.job("slow", timeout=20)))
    first.start()
    assert begun.wait(60)
    # It waits longer than its own time-out, and is done in less.
    assert run_alone(shop.job("staging", timeout=12)).counts["models"] == 2
    first.join()


def test_the_time_out_stops_it(shop: Shop, run_alone: Runner) -> None:
    shop.write("models/slow/slow.sql", SLOW)
    with pytest.raises(JobFailedError, match="did not end within 8 s"):
        run_alone(shop.job("slow", timeout=8))


def test_a_build_that_failed_is_tried_again_by_another_worker(shop: Shop, run_alone: Runner) -> None:
    killed: list[int] = []

    def on_progress(line: str) -> None:
        if "of 2 models" in line and not killed:
            killed.append(newest_worker())
            os.kill(killed[0], signal.SIGKILL)

    run_alone.on_progress = on_progress
    outcome = run_alone(replace(shop.job("staging"), retries=1))
    assert outcome.notes == ("attempt 1 failed: the process that runs dbt was ended by signal 9 before it was done",)
    assert outcome.counts == {"models": 2, "tests": 3}


def test_a_build_with_a_limit_of_memory_has_a_process_of_its_own(shop: Shop, run_alone: Runner) -> None:
    enough, little = (Resources(limits=ResourceAmounts(memory=each)) for each in ("2Gi", "64Mi"))
    assert run_alone(replace(shop.job("staging"), resources=enough)).counts == {"models": 2, "tests": 3}
    with pytest.raises(JobFailedError, match="its `resources` limit it to 64Mi: it was stopped"):
        run_alone(replace(shop.job("marts"), resources=little))


def test_a_killed_worker_fails_the_job_and_the_next_one_starts_anew(shop: Shop, run_alone: Runner) -> None:
    shop.write("models/slow/slow.sql", SLOW)

    def on_progress(line: str) -> None:
        if "of 1 models" in line:
            os.kill(newest_worker(), signal.SIGKILL)

    run_alone.on_progress = on_progress
    with pytest.raises(JobFailedError, match="the process that runs dbt was ended by signal 9"):
        run_alone(shop.job("slow"))
    run_alone.on_progress = lambda _: None
    assert run_alone(shop.job("staging")).counts["models"] == 2


def test_a_worker_that_died_between_jobs_is_replaced(shop: Shop, run_alone: Runner) -> None:
    assert isinstance(run_alone.executor, KeepsWorkers)
    run_alone.executor.warm(run_alone.runtime.worker())
    while not (worker := newest_worker()):
        time.sleep(0.05)
    os.kill(worker, signal.SIGKILL)
    time.sleep(0.5)
    assert run_alone(shop.job("staging")).counts["models"] == 2


class OneShot:
    """An Executor that keeps no process between jobs."""

    name = "once"
    capabilities = LocalProcesses.capabilities

    def __init__(self, folder: Path) -> None:
        self._local = LocalProcesses(folder)

    def start(self, workload: Workload) -> Execution:
        return self._local.start(replace(workload, worker=()))


def test_an_executor_that_keeps_nothing_does_too(shop: Shop, run_alone: Runner, tmp_path: Path) -> None:
    run_alone.executor = OneShot(tmp_path)
    assert run_alone(shop.job("staging")).counts == {"models": 2, "tests": 3}
    assert "2 of 2 models, 3 of 3 tests" in run_alone.shown


def test_dbt_calls_nobody(shop: Shop, run_alone: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = """
        import sys
        def heard(event, details):
            if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
                with open({log!r}, "a") as log: log.write(f"{{event}} {{details}}\\n")
        sys.addaudithook(heard)
    """
    log = tmp_path / "calls"
    (tmp_path / "site").mkdir()
    (tmp_path / "site/sitecustomize.py").write_text(textwrap.dedent(watch).format(log=str(log)))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "site"), *filter(None, sys.path)]))
    run_alone(shop.job("staging"))
    assert not log.exists(), log.read_text()


def with_variables(job: Job, **values: str) -> Job:
    return replace(job, variables={name: Secret(value) for name, value in values.items()})


def test_templates_see_the_declared_variables_and_no_other(
    shop: Shop, run_alone: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBT_EMPTY", "true")
    seen = " || '/' || ".join(f"'{{{{ env_var({name!r}, 'unset') }}}}'" for name in ("HOME", "PATH", "TZ", "REGION"))
    shop.write(
        "models/staging/stg_orders.sql",
        f"select id, {seen} as customer from {{{{ source('warehouse', 'raw_orders') }}}}",
    )
    run_alone(with_variables(shop.job("stg_orders"), REGION="eu"))
    assert rows(shop.database, "select distinct customer from stg_orders") == [("unset/unset/unset/eu",)]
    run_alone(with_variables(shop.job("stg_orders"), REGION="us", HOME="mine", DBT_EMPTY="true"))
    assert rows(shop.database, "select customer, count(*) from stg_orders group by 1") == [("mine/unset/unset/us", 3)]
    run_alone(shop.job("stg_orders"))
    assert rows(shop.database, "select distinct customer from stg_orders") == [("unset/unset/unset/unset",)]


def test_a_declared_variable_reaches_one_build_of_an_executor_that_keeps_nothing(
    shop: Shop, run: Runner, tmp_path: Path
) -> None:
    run.executor = OneShot(tmp_path)
    shop.replace("models/staging/stg_orders.sql", "amount from", "'{{ env_var(\"REGION\") }}' as amount from")
    run(with_variables(shop.job("stg_orders"), REGION="eu", DBT_EMPTY="true"))
    assert rows(shop.database, "select distinct amount from stg_orders") == [("eu",)]


def test_files_other_than_the_approved_are_not_built(shop: Shop, run: Runner) -> None:
    job = shop.job("staging")
    approved = replace(job, given=given_digest(run.runtime.given(job)))
    run(approved)
    before = rows(shop.database, "from stg_orders order by 1")
    shop.write("macros/properties.yml", "models: [{name: stg_orders, config: {post_hook: 'delete from {{ this }}'}}]")
    with pytest.raises(JobFailedError, match="not those that were approved; nothing was built"):
        run(approved)
    assert rows(shop.database, "from stg_orders order by 1") == before
    (shop.root / "macros/properties.yml").unlink()
    assert run(approved).counts == {"models": 2, "tests": 3}


def test_an_approved_build_believes_no_parsing_that_it_did_not_see(shop: Shop, run: Runner) -> None:
    """A cache that says of an approved file that it has another text, as a checkout may bring it along."""
    job = shop.job("staging")
    approved = replace(job, given=given_digest(run.runtime.given(job)))
    run(approved)
    (kept,) = run.cache.rglob("partial_parse.msgpack")
    forged = kept.read_bytes().replace(b"id, customer, amount from", b"id,customer,7 amount from")
    assert forged != kept.read_bytes()
    kept.write_bytes(forged)
    run(approved)
    assert rows(shop.database, "select sum(amount) from stg_orders") == [(13,)]
    kept.write_bytes(forged)
    run(job)
    assert rows(shop.database, "select sum(amount) from stg_orders") == [(21,)], "dbt itself believes what it kept"
    run(approved)
    assert rows(shop.database, "select sum(amount) from stg_orders") == [(13,)]
    before = kept.stat().st_ino, kept.stat().st_mtime_ns
    with run.runtime._parsed.ours(kept.parent):
        pass
    assert (kept.stat().st_ino, kept.stat().st_mtime_ns) == before, "its own is believed"


def test_variables_of_the_environment_come_before_the_projects(shop: Shop, run: Runner) -> None:
    shop.replace("dbt_project.yml", "profile:", "vars: {least: 2, shop: {name: own}}\nprofile:")
    shop.write(
        "models/staging/stg_orders.sql",
        "select id, '{{ var(\"name\") }}' as customer from {{ source('warehouse', 'raw_orders') }} "
        "where id > {{ var('least') }}",
    )
    job = shop.job("stg_orders")
    run(job)
    assert rows(shop.database, "from stg_orders") == [(3, "own")]
    given = replace(job, settings={**job.settings, "vars": {"least": 1, "name": "given", "day": date(2024, 1, 2)}})
    assert run.runtime.definition(given) != run.runtime.definition(job)
    run(given)
    assert rows(shop.database, "select id from stg_orders order by 1") == [(2,), (3,)]
