"""What a job can see is what its Transform declares, and what it reads is what the update looked at."""

from __future__ import annotations

import json

from tests.scenarios.workspace import Workspace

SECRET = "hunter2-of-the-region"
DECLARED = '  env: [{name: REGION, value: "${REGION}"}]\n'
COUNT = "SELECT count(*) FROM main.paid"


def declaring(pipeline: Workspace) -> None:
    """Both dbt Transforms declare REGION, which a model puts into a column."""
    for select in ("staging", "marts"):
        section = f"  dbt: {{project: models, select: [{select}]}}\n"
        pipeline.replace("project/transforms.yaml", section, section + DECLARED)
    pipeline.replace(
        "project/models/models/staging/paid.sql", "where amount > 0", "where '{{ env_var(\"REGION\") }}' <> 'none'"
    )


def test_a_variable_that_nobody_declares_steers_nothing(pipeline: Workspace) -> None:
    pipeline.env |= {"DBT_EMPTY": "true", "DBT_EXCLUDE": "paid", "DBT_TARGET": "other"}
    pipeline.up().ok()
    assert pipeline.rows(COUNT) == [(3,)]
    for name in ("DBT_EMPTY", "DBT_EXCLUDE", "DBT_TARGET"):
        del pipeline.env[name]
    assert pipeline.up("--skip-preview").ok().operations == {}


def test_a_declared_variable_is_part_of_the_definition_and_a_secret(pipeline: Workspace) -> None:
    declaring(pipeline)
    refused = pipeline.preview().failed()
    assert "Transform staging takes REGION from ${REGION}, which is not set" in refused.text

    pipeline.env["REGION"] = SECRET
    done = pipeline.up().ok()
    assert pipeline.rows(COUNT) == [(4,)]
    state = pipeline.run("stack", "export").ok().text
    assert "REGION" in state
    assert SECRET not in done.text + state
    assert pipeline.up("--skip-preview").ok().operations == {}

    pipeline.env["REGION"] = "none"
    changed = pipeline.preview().ok()
    assert changed.operations["Run staging"] == "update"
    assert "its definition changed" in changed.text
    pipeline.up().ok()
    assert pipeline.rows(COUNT) == [(0,)]
    assert SECRET not in json.dumps(pipeline.run("stack", "export", "--show-secrets").ok().text)


def test_a_variable_that_a_template_asks_for_and_nobody_declares_is_refused(pipeline: Workspace) -> None:
    pipeline.replace(
        "project/models/models/staging/paid.sql", "where amount > 0", "where {{ env_var('WHERE', 'true') }}"
    )
    pipeline.preview().ok()
    pipeline.env["WHERE"] = "false"
    refused = pipeline.preview().failed()
    assert "models/staging/paid.sql asks for env_var('WHERE'), which the Transform does not declare" in refused.text


def test_a_config_secret_of_the_stack_is_a_value_too(pipeline: Workspace) -> None:
    declaring(pipeline)
    pipeline.run("config", "set", "--secret", "REGION", SECRET).ok()
    pipeline.up().ok()
    assert pipeline.rows(COUNT) == [(4,)]
    assert SECRET not in pipeline.run("stack", "export").ok().text


def test_a_file_that_changes_between_the_program_and_the_run_is_not_built(pipeline: Workspace) -> None:
    """The program itself changes a model, after it has registered everything and before anything runs."""
    before = (pipeline.root / "__main__.py").read_text()
    edit = (
        "from pathlib import Path\n"
        "if not pulumi.runtime.is_dry_run():\n"
        "    Path('project/models/models/staging/paid.sql').write_text('select 1 as user_id, 0.0 as amount')\n"
    )
    model = (pipeline.project / "models/models/staging/paid.sql").read_text()
    pipeline.write("__main__.py", before + edit)
    refused = pipeline.up().failed()
    assert "Transform staging: its files have changed since this update read them; nothing was built" in refused.text
    assert pipeline.rows(COUNT) == [(0,)]

    pipeline.write("__main__.py", before)
    pipeline.write("project/models/models/staging/paid.sql", model)
    pipeline.up().ok()
    assert pipeline.rows(COUNT) == [(3,)]
