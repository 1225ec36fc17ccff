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


def test_a_config_secret_of_the_stack_is_a_value_too(pipeline: Workspace) -> None:
    declaring(pipeline)
    pipeline.run("config", "set", "--secret", "REGION", SECRET).ok()
    pipeline.up().ok()
    assert pipeline.rows(COUNT) == [(4,)]
    assert SECRET not in pipeline.run("stack", "export").ok().text


def test_a_variable_that_nobody_declares_steers_nothing(pipeline: Workspace) -> None:
    pipeline.env |= {"DBT_EMPTY": "true", "DBT_EXCLUDE": "paid", "DBT_TARGET": "other"}
    pipeline.up().ok()
    assert pipeline.rows(COUNT) == [(3,)]
    for name in ("DBT_EMPTY", "DBT_EXCLUDE", "DBT_TARGET"):
        del pipeline.env[name]
    assert pipeline.up("--skip-preview").ok().operations == {}
