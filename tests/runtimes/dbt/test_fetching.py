"""Packages that are not installed: folders are copied, others are fetched by the real `dbt deps`, once."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import duckdb
import pytest

from datakit_iac.executors.protocol import Cancelled
from datakit_iac.runtimes.dbt.project import fetching, given
from datakit_iac.runtimes.dbt.project.dbt_project import DbtProject
from datakit_iac.runtimes.dbt.runtime import Dbt
from datakit_iac.runtimes.job import JobFailedError
from tests.runtimes.dbt.conftest import Runner, Shop
from tests.servers.listening import answering

pytestmark = [pytest.mark.engine, pytest.mark.timeout(180)]

MODEL = "select customer, {{ %s.by('sum(amount)') }} as revenue from {{ ref('stg_orders') }} group by all"
MACRO = "{%% macro by(x) %%}({{ x }} * %d){%% endmacro %%}"


@dataclass
class Server:
    """A server of archives, as it was asked."""

    address: str
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    before: Callable[[], object] = lambda: None

    def package(self, name: str, factor: int, more: str = "") -> str:
        """Put down the archive of a package with one macro, and return its address."""
        texts = {
            f"{name}-1.0/dbt_project.yml": f"{{name: {name}, version: '1.0'}}",
            f"{name}-1.0/macros/{name}.sql": MACRO % factor,
        } | ({f"{name}-1.0/packages.yml": more} if more else {})
        content = io.BytesIO()
        with tarfile.open(fileobj=content, mode="w:gz") as archive:
            for path, text in texts.items():
                entry = tarfile.TarInfo(path)
                entry.size = len(text)
                archive.addfile(entry, io.BytesIO(text.encode()))
        self.files[f"/{name}.tar.gz"] = content.getvalue()
        return f"{self.address}/{name}.tar.gz"


@pytest.fixture
def server() -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append(self.path)
            made.before()
            content = made.files.get(self.path)
            self.send_response(200 if content else 403)
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Server(f"http://127.0.0.1:{http.server_port}")
    with answering(http):
        yield made


def folder(shop: Shop, path: str, name: str, factor: int, more: str = "") -> None:
    """A package that is a folder, with one macro."""
    shop.write(f"{path}/dbt_project.yml", f"{{name: {name}, version: '1.0'}}")
    shop.write(f"{path}/macros/{name}.sql", MACRO % factor)
    if more:
        shop.write(f"{path}/packages.yml", more)


def revenue(shop: Shop) -> list[tuple[object, ...]]:
    with duckdb.connect(shop.database) as connection:
        return connection.execute("select revenue from marts.revenue order by 1").fetchall()


@pytest.fixture
def staged(shop: Shop, warehouse: Path) -> Shop:
    """The project, with what its marts read."""
    with duckdb.connect(warehouse) as connection:
        connection.execute("create table stg_orders as from raw.orders; create table stg_customers(customer varchar)")
        connection.execute("insert into stg_customers select distinct customer from stg_orders")
    return shop


@pytest.mark.parametrize("file", ["packages.yml", "dependencies.yml"])
def test_a_package_that_is_a_folder_is_used_without_an_installation(staged: Shop, run: Runner, file: str) -> None:
    folder(staged, "../shared", "doubled", 2)
    staged.write("../shared/target/compiled/x.sql", "{% not dbt")
    staged.write(file, "packages: [{local: ../shared}]")
    staged.write("models/marts/revenue.sql", MODEL % "doubled")
    job = staged.job("marts")
    before = run.runtime.definition(job)
    run(job)
    assert revenue(staged) == [(12,), (14,)]
    assert not (staged.root / "dbt_packages").exists()
    staged.write("../shared/target/compiled/x.sql", "again")
    assert run.runtime.definition(job) == before
    # Its files are part of the definition and of what is approved.
    shown = run.runtime.given(job)
    folder(staged, "../shared", "doubled", 3)
    assert run.runtime.definition(job) != before
    assert run.runtime.given(job) != shown
    assert any(each.endswith("/shared/macros/doubled.sql") for each in shown)
    run(job)
    assert revenue(staged) == [(18,), (21,)]


def test_a_project_inside_of_its_package_takes_what_dbt_reads_of_that(
    staged: Shop, run: Runner, server: Server
) -> None:
    """As the folder `integration_tests` of a package has it: `local: ../`."""
    staged.write("../dbt_project.yml", "{name: around, version: '1.0'}")
    staged.write("../macros/around.sql", MACRO % 2)
    staged.write("../packages.yml", f"packages: [{{tarball: '{server.package('inner', 5)}', name: inner}}]")
    staged.write("packages.yml", "packages: [{local: ../}]")
    staged.write("models/marts/revenue.sql", MODEL % "around")
    staged.replace("models/marts/revenue.sql", "sum(amount)')", "sum(amount)' ~ '*' ~ inner.by(1))")
    job = staged.job("marts")
    before = run.runtime.definition(job), run.runtime.given(job)
    run(job)
    assert revenue(staged) == [(60,), (70,)]
    assert (run.runtime.definition(job), run.runtime.given(job)) == before, "the warehouse and the cache are there too"
    assert not [each for each in before[1] if "/cache/" in each or "/run-" in each]


def test_a_source_that_a_package_declares_is_left_to_it(staged: Shop, run: Runner) -> None:
    folder(staged, "../shared", "shared", 1)
    staged.write(
        "../shared/models/s.yml", "sources: [{name: till, schema: raw, tables: [{name: sold, identifier: orders}]}]"
    )
    staged.write("packages.yml", "packages: [{local: ../shared}]")
    staged.write(
        "models/marts/revenue.sql", "select customer, 1 as revenue from {{ source('till', 'sold') }} where id = 1"
    )
    assert run.runtime.check(staged.job("marts")) == []
    run(staged.job("marts"))
    assert revenue(staged) == [(1,)]


def test_a_folder_is_the_same_installed_or_not(shop: Shop) -> None:
    folder(shop, "../shared", "doubled", 2)
    shop.write("packages.yml", "packages: [{local: ../shared}]")
    before = Dbt().definition(shop.job("marts"))
    (shop.root / "dbt_packages").mkdir()
    (shop.root / "dbt_packages/doubled").symlink_to("../../shared")
    assert Dbt().definition(shop.job("marts")) == before


def test_an_archive_is_fetched_once(staged: Shop, run: Runner, server: Server) -> None:
    staged.write("packages.yml", f"packages: [{{tarball: '{server.package('doubled', 2)}', name: doubled}}]")
    staged.write("models/marts/revenue.sql", MODEL % "doubled")
    files = sorted(staged.root.rglob("*"))
    before = run.runtime.definition(staged.job("marts"))
    run(staged.job("marts"))
    assert revenue(staged) == [(12,), (14,)]
    fetched = len(server.asked)
    assert fetched
    run(staged.job("marts"))
    assert len(server.asked) == fetched
    assert run.runtime.definition(staged.job("marts")) == before
    assert sorted(staged.root.rglob("*")) == files


def test_folders_and_archives_ask_for_further_ones(staged: Shop, run: Runner, server: Server) -> None:
    # dbt takes relative paths from the project's folder, in packages too.
    inner = server.package("inner", 5)
    archive = server.package("outer", 7, f"packages: [{{tarball: '{inner}', name: inner}}]")
    folder(staged, "../shared/one", "one", 2, "packages: [{local: ../shared/two}]")
    folder(staged, "../shared/two", "two", 3, f"packages: [{{tarball: '{archive}', name: outer}}]")
    staged.write("packages.yml", "packages: [{local: ../shared/one}]")
    call = "{{ one.by(two.by(inner.by(outer.by('sum(amount)')))) }}"
    staged.write(
        "models/marts/revenue.sql", f"select customer, {call} as revenue from {{{{ ref('stg_orders') }}}} group by 1"
    )
    run(staged.job("marts"))
    assert revenue(staged) == [(6 * 210,), (7 * 210,)]


def hub(server: Server, *versions: str) -> str:
    """Serve a package as dbt's hub does (https://github.com/dbt-labs/hub.getdbt.com)."""
    told = {}
    for version in versions:
        address = server.package("doubled", int(version[0]))
        server.files[f"/{version}.tar.gz"] = server.files["/doubled.tar.gz"]
        archive = address.replace("doubled", version)
        told[version] = {"name": "doubled", "version": version, "packages": [], "downloads": {"tarball": archive}}
    package = {"name": "doubled", "namespace": "acme", "latest": versions[-1], "versions": told}
    server.files["/api/v1/index.json"] = json.dumps(["acme/doubled"]).encode()
    server.files["/api/v1/acme/doubled.json"] = json.dumps(package).encode()
    return server.address


def test_the_lock_file_decides_which_version_of_a_hub_package_is_fetched(
    staged: Shop, run_alone: Runner, server: Server
) -> None:
    where = {"DBT_PACKAGE_HUB_URL": hub(server, "2.0.0")}
    staged.write("packages.yml", "packages: [{package: acme/doubled, version: ['>=2.0.0', '<4.0.0']}]")
    staged.write("models/marts/revenue.sql", MODEL % "doubled")
    locked = [str(Path(sys.executable).with_name("dbt")), "deps", "--lock", "--project-dir", str(staged.root)]
    subprocess.run(
        locked, env={**os.environ, "DBT_PACKAGE_HUB_URL": f"{server.address}/"}, check=True, capture_output=True
    )
    hub(server, "2.0.0", "3.0.0")
    job = replace(staged.job("marts"), variables=where)
    assert not any("package-lock.yml" in note for note in run_alone(job).notes)
    assert revenue(staged) == [(12,), (14,)]
    (staged.root / "package-lock.yml").unlink()
    (note,) = run_alone(job).notes
    assert note == (
        f"{staged.root} has no package-lock.yml, so dbt chose the versions of its packages; "
        f"run `dbt deps --lock` in {staged.root}, so that they are the same everywhere"
    )
    assert revenue(staged) == [(18,), (21,)]


def test_what_is_installed_is_used_as_it_is(staged: Shop, run: Runner) -> None:
    staged.write("packages.yml", "packages: [{package: acme/doubled, version: 1.0.0}]")
    folder(staged, "dbt_packages/doubled", "doubled", 9)
    staged.write("models/marts/revenue.sql", MODEL % "doubled")
    run(staged.job("marts"))
    assert revenue(staged) == [(54,), (63,)]
    assert run.runtime.unseen(staged.job("marts")) == []


@pytest.mark.parametrize(
    ("asked", "called", "host"),
    [
        ("{package: dbt-labs/dbt_utils, version: 1.3.0}", "dbt-labs/dbt_utils 1.3.0", "hub.getdbt.com"),
        ("{git: 'https://git.invalid/x.git', revision: v1}", "https://git.invalid/x.git v1", "git.invalid"),
        ("{tarball: 'http://127.0.0.1:9/x.tar.gz', name: x}", "http://127.0.0.1:9/x.tar.gz", "127.0.0.1"),
    ],
)
def test_what_cannot_be_reached_is_named_with_the_fix(
    staged: Shop, run: Runner, asked: str, called: str, host: str
) -> None:
    staged.write("packages.yml", f"packages: [{asked}]")
    with pytest.raises(JobFailedError) as failed:
        run(staged.job("marts"))
    assert str(failed.value) == (
        f"dbt deps cannot fetch {called}, which {staged.root}/packages.yml asks for: {host} cannot be reached; "
        f"run `dbt deps` in {staged.root} where they can be fetched, and let dbt_packages there come along; "
        "what is installed is used as it is"
    )


def test_what_a_server_answers_is_said(staged: Shop, run: Runner, server: Server) -> None:
    staged.write("packages.yml", f"packages: [{{tarball: '{server.address}/x.tar.gz', name: x}}]")
    with pytest.raises(
        JobFailedError,
        match=r"asks for: what came is not an archive, as where a server refuses it or has none; run `dbt",
    ):
        run(staged.job("marts"))


def test_a_folder_that_is_not_there_is_refused_before_anything_runs(shop: Shop) -> None:
    shop.write("packages.yml", "packages: [{local: ../gone}, {local: '{{ env_var(''X'', ''y'') }}'}]")
    first, second = map(str, Dbt().check(shop.job("marts")))
    assert first == (
        f"{shop.root}/packages.yml asks for the package '../gone', "
        f"but there is no dbt_project.yml in {shop.root.parent}/gone"
    )
    assert "a template that dbt alone reads: run `dbt deps` in" in second


def test_where_files_are_approved_nothing_is_fetched(staged: Shop, run: Runner, server: Server) -> None:
    staged.write("packages.yml", f"packages: [{{tarball: '{server.package('doubled', 2)}', name: doubled}}]")
    job = staged.job("marts")
    (said,) = run.runtime.unseen(job)
    assert "/doubled.tar.gz, which is not installed, so what would be built cannot be approved; run" in said
    with pytest.raises(JobFailedError, match="what would be built cannot be approved"):
        run(replace(job, given="approved"))
    assert server.asked == []


def test_two_runs_of_one_environment_fetch_once(shop: Shop, tmp_path: Path) -> None:
    shop.write("packages.yml", "packages: [{package: a/b, version: 1.0.0}]")
    began, go_on, done = threading.Event(), threading.Event(), []

    def deps(into: Path) -> str:
        done.append(into)
        began.set()
        assert go_on.wait(10)
        (into / "dbt_packages/b").mkdir(parents=True)
        return ""

    waited = threading.Event()
    fetch = partial(fetching.fetch, DbtProject(shop.root), tmp_path / "home", None, deps)
    found: list[Path] = []
    first = threading.Thread(target=lambda: found.append(fetch(lambda: None)))
    second = threading.Thread(target=lambda: found.append(fetch(waited.set)))
    first.start()
    assert began.wait(10)
    second.start()
    assert waited.wait(10)
    go_on.set()
    first.join(10)
    second.join(10)
    assert len(done) == 1
    assert [each / "b" for each in found] == [found[0] / "b"] * 2
    assert (found[0] / "b").is_dir()


def test_a_fetch_that_was_stopped_leaves_nothing_half(staged: Shop, run_alone: Runner, server: Server) -> None:
    staged.write("packages.yml", f"packages: [{{tarball: '{server.package('doubled', 2)}', name: doubled}}]")
    staged.write("models/marts/revenue.sql", MODEL % "doubled")

    def stopped() -> None:
        run_alone.cancel.set()
        time.sleep(2)

    server.before = stopped
    with pytest.raises(Cancelled):
        run_alone(staged.job("marts"))
    (home,) = (run_alone.cache / "dbt").glob("shop-*")
    assert [each for each in home.glob("packages-*") if each.suffix != ".new"] == []
    run_alone.cancel.clear()
    server.before = lambda: None
    run_alone(staged.job("marts"))
    assert revenue(staged) == [(12,), (14,)]
    assert not list(home.glob("packages-*.new"))


def test_a_package_in_the_cache_is_not_given_to_who_approves(shop: Shop, tmp_path: Path) -> None:
    shop.write("packages.yml", "packages: [{package: a/b, version: 1.0.0}]")
    (tmp_path / "fetched/b").mkdir(parents=True)
    (tmp_path / "fetched/b/dbt_project.yml").write_text("name: b")
    assert Path("dbt_packages/b/dbt_project.yml") not in given.files(DbtProject(shop.root))
    assert Path("dbt_packages/b/dbt_project.yml") in given.files(DbtProject(shop.root, tmp_path / "fetched"))
