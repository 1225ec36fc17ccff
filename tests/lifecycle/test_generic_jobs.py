"""What a command left behind is verified before anyone reads it, and what cannot run is refused in the preview."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from datakit_iac.testing.lifecycle import Lifecycle, OperationError, RefusedError, Subject
from tests.lifecycle.warehouse import Warehouse

SCRIPT = """
from datakit_iac import stores

with stores.get("warehouse") as database:
    database.execute({sql!r})
"""


@pytest.fixture
def made(lifecycle: Lifecycle, users: Subject, warehouse: Warehouse, folder: Path) -> tuple[Subject, dict[str, Any]]:
    """The Run of a script that fills `users`, not yet up, and its inputs."""
    users.up(warehouse.users())
    (folder / "code").mkdir()
    contract = {
        name: value for name, value in warehouse.users().items() if name in ("name", "store", "table", "schema")
    }
    inputs = {
        "transform": "fill",
        "runtime": "generic-python",
        "settings": {"project": "code"},
        "command": ["python", "main.py"],
        "outputs": [contract],
        "generations": {"users": users.outputs["generation"]},
    }
    return lifecycle.subject("datakit:index:Run", "fill"), inputs


def script(folder: Path, sql: str) -> None:
    (folder / "code" / "main.py").write_text(SCRIPT.format(sql=sql))


def defined(inputs: dict[str, Any]) -> dict[str, Any]:
    """The inputs with the definition that a program gives them."""
    from datakit_iac.provider import inputs as decode
    from datakit_iac.runtimes.definition import definition

    return {**inputs, "definition": definition(decode.job(inputs, "dev"))}


def test_rows_that_a_script_wrote_are_verified_and_written_once(
    made: tuple[Subject, dict[str, Any]], folder: Path, warehouse: Warehouse
) -> None:
    run, inputs = made
    script(folder, "INSERT INTO raw.users VALUES (1, 'ann')")
    assert run.up(defined(inputs)).kind == "create"
    assert warehouse.rows() == [(1, "ann")]
    assert run.up(defined(inputs)).kind == "same"
    script(folder, "INSERT INTO raw.users VALUES (2, 'ben')")
    assert run.up(defined(inputs)).kind == "update"
    assert warehouse.rows() == [(1, "ann"), (2, "ben")]


@pytest.mark.parametrize(
    ("sql", "breach"),
    [
        ("DROP TABLE raw.users", "users: raw.users was not made"),
        ("CREATE OR REPLACE TABLE raw.users AS SELECT 1::BIGINT AS id", "users: column name is missing"),
        ("ALTER TABLE raw.users ALTER id TYPE INTEGER", "users: column id is integer; the contract says bigint"),
    ],
)
def test_an_output_that_breaks_its_contract_fails_the_run(
    made: tuple[Subject, dict[str, Any]], folder: Path, sql: str, breach: str
) -> None:
    run, inputs = made
    script(folder, sql)
    with pytest.raises(OperationError, match=breach):
        run.up(defined(inputs))


def test_a_preview_shows_the_command_and_refuses_what_is_missing(
    made: tuple[Subject, dict[str, Any]], folder: Path, lifecycle: Lifecycle
) -> None:
    run, inputs = made
    with pytest.raises(RefusedError, match=r"there is no file main\.py in code, which `python main\.py` runs"):
        run.preview(inputs)
    script(folder, "SELECT 1")
    run.preview({**inputs, "resources": {"limits": {"cpu": "1500m"}}})
    said = lifecycle.said()
    assert "would run: python main.py (in: code; env: DK_OUTPUT_USERS, DK_RUN_IDENTITY; limits: cpu 1500m)" in said
    assert "the executor local keeps limits.cpu in whole processors: 1500m allows 2" in said
