"""What a job can see is what its Transform declares, and what it reads is what the update looked at."""

from __future__ import annotations

from tests.scenarios.workspace import Workspace

COUNT = "SELECT count(*) FROM main.paid"


def test_a_variable_that_a_template_asks_for_and_nobody_declares_is_refused(pipeline: Workspace) -> None:
    pipeline.replace(
        "project/models/models/staging/paid.sql", "where amount > 0", "where {{ env_var('WHERE', 'true') }}"
    )
    pipeline.preview().ok()
    pipeline.env["WHERE"] = "false"
    refused = pipeline.preview().failed()
    assert "models/staging/paid.sql asks for env_var('WHERE'), which the Transform does not declare" in refused.text


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
    assert "Transform staging: its files have changed since this Run was planned; nothing was built" in refused.text
    assert pipeline.rows(COUNT) == [(0,)]

    pipeline.write("__main__.py", before)
    pipeline.write("project/models/models/staging/paid.sql", model)
    pipeline.up().ok()
    assert pipeline.rows(COUNT) == [(3,)]
