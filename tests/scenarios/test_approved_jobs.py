"""What was approved is what runs: files and variables that change after the approval are refused by the real engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.scenarios.pipeline import FILES
from tests.scenarios.test_approvals import Guarded
from tests.scenarios.workspace import Workspace

ROWS = "SELECT count(*), sum(amount) FROM main.paid"
HOOK = "models: [{name: paid, config: {post_hook: 'delete from {{ this }}'}}]\n"
Change = Callable[[Guarded], None]


@pytest.fixture(scope="module")
def agreed(tmp_path_factory: pytest.TempPathFactory) -> Guarded:
    """The pipeline with a variable and a linked package, planned for prod and approved by two."""
    pipeline = Workspace(tmp_path_factory.mktemp("agreed"))
    for path, text in FILES.items():
        pipeline.write(f"project/{path}", text)
    for select in ("staging", "marts"):
        section = f"  dbt: {{project: models, select: [{select}]}}\n"
        env = '  env: [{name: LEAST, value: "${LEAST}"}]\n'
        pipeline.replace("project/transforms.yaml", section, section + env)
    pipeline.replace(
        "project/models/models/staging/paid.sql", "where amount > 0", "where amount > {{ env_var('LEAST') }}"
    )
    pipeline.write("shared/dbt_project.yml", "name: shared\nversion: '1.0'\n")
    pipeline.write("shared/macros/m.sql", "{% macro m() %}1{% endmacro %}\n")
    (pipeline.project / "models/dbt_packages").mkdir()
    (pipeline.project / "models/dbt_packages/shared").symlink_to("../../../shared")
    pipeline.env["LEAST"] = "6"
    made = Guarded(pipeline, tmp_path_factory.mktemp("keys"))
    made.planned("ben", "eve")
    return made


@pytest.fixture
def guarded(agreed: Guarded, tmp_path: Path) -> Guarded:
    """A copy of it."""
    copy = agreed.copied(tmp_path / "copy")
    copy.workspace.env["LEAST"] = "6"
    return copy


def test_no_change_of_what_a_run_is_given_is_let_in(guarded: Guarded) -> None:
    changes: list[tuple[str, Change, Change]] = [
        ("models/macros/p.yml is new", _writes("models/macros/p.yml", HOOK), _removes("models/macros/p.yml")),
        (
            "models/models/MORE.SQL is new",
            _writes("models/models/MORE.SQL", "select 1"),
            _removes("models/models/MORE.SQL"),
        ),
        ("models/dbt_packages/shared/macros/m.sql is another", _appends("../shared/macros/m.sql"), _restores),
        ("Transform staging is another", _sets("LEAST", "-100"), _sets("LEAST", "6")),
    ]
    for says, do, undo in changes:
        do(guarded)
        refused = guarded.up().failed().text
        assert "the project has changed since the plan: " in refused
        assert says in refused
        undo(guarded)
    assert guarded.is_untouched()
    guarded.workspace.env |= {"DBT_EMPTY": "true", "TZ": "Asia/Tokyo"}
    guarded.up().ok()
    assert guarded.workspace.rows(ROWS, "project/prod.duckdb") == [(2, 17.0)]
    # Nor by hand, outside of an update.
    words = ("run", "staging", "--env", "prod", "--project", "project")
    assert "staging: unchanged" in guarded.workspace.dk(*words).ok().text
    _sets("LEAST", "-100")(guarded)
    refused = guarded.workspace.dk(*words, "--force").failed().text
    assert "staging differs from what was approved and deployed in prod" in refused
    assert guarded.workspace.rows(ROWS, "project/prod.duckdb") == [(2, 17.0)]


def test_a_file_that_changes_while_the_update_is_under_way_is_not_built(guarded: Guarded) -> None:
    """Changed by the program itself, after its Platform was let in: no description counts for the definition."""
    workspace = guarded.workspace
    program = (workspace.root / "__main__.py").read_text()
    edit = "open('project/models/models/p.yml', 'w').write('models: [{name: paid, description: Other.}]')\n"
    workspace.write("__main__.py", f"{program}\nif not pulumi.runtime.is_dry_run():\n    {edit}")
    refused = guarded.up().failed().text
    assert "files of project/models are not those that were approved; nothing was built" in refused
    assert workspace.rows(ROWS, "project/prod.duckdb") == [(0, None)]


def test_packages_that_are_not_installed_are_approved_as_folders_and_else_refused(guarded: Guarded) -> None:
    link = guarded.workspace.project / "models/dbt_packages/shared"
    link.unlink()
    guarded.workspace.write("project/models/packages.yml", "packages: [{local: ../../shared}]")
    for older in (guarded.root / "approvals/prod").glob("*.json"):
        older.unlink()
    plan = guarded.planned("ben", "eve")
    assert '"shared/macros/m.sql"' in plan.read_text()
    _appends("../shared/macros/m.sql")(guarded)
    refused = guarded.up().failed().text
    assert "shared/macros/m.sql is another" in refused
    assert "dbt_packages" not in refused
    _restores(guarded)
    guarded.up().ok()
    assert guarded.workspace.rows(ROWS, "project/prod.duckdb") == [(2, 17.0)]

    hub = "packages: [{local: ../../shared}, {package: dbt-labs/dbt_utils, version: 1.3.0}]"
    guarded.workspace.write("project/models/packages.yml", hub)
    for done in (guarded.dk("plan", "--env", "prod"), guarded.up()):
        assert (
            "project/models/packages.yml requires dbt-labs/dbt_utils 1.3.0, which is not installed, so what "
            "would be built cannot be approved; run `dbt deps` in project/models"
        ) in done.failed().text


def _writes(file: str, text: str) -> Change:
    return lambda guarded: (guarded.workspace.write(f"project/{file}", text), None)[1]


def _removes(file: str) -> Change:
    return lambda guarded: (guarded.workspace.project / file).unlink()


def _appends(file: str) -> Change:
    def change(guarded: Guarded) -> None:
        with Path(guarded.workspace.project, file).open("a") as opened:
            opened.write(" ")

    return change


def _restores(guarded: Guarded) -> None:
    guarded.workspace.write("shared/macros/m.sql", "{% macro m() %}1{% endmacro %}\n")


def _sets(name: str, value: str) -> Change:
    return lambda guarded: guarded.workspace.env.update({name: value})
