"""Rows for development: `dk apply --seed` loads what `dev.seed` of DataSets says."""

from __future__ import annotations

import pytest

from tests.scenarios.workspace import Outcome, Workspace

SEED = """\
  dev:
    seed:
      inline:
        - {id: 1, email: ann@x.io}
        - {id: 2}
      profiles:
        many: {file: seeds/many.csv}
"""
ROWS = "SELECT id, email FROM public.users ORDER BY id"


@pytest.fixture
def seeded(workspace: Workspace) -> Workspace:
    """The project whose DataSet `users` has rows for development."""
    text = (workspace.project / "users.yaml").read_text()
    (workspace.project / "users.yaml").write_text(text + SEED)
    workspace.write("project/seeds/many.csv", "id,email\n" + "".join(f"{each},m{each}@x.io\n" for each in range(1, 6)))
    return workspace


def test_rows_of_a_manifest_are_loaded_once(seeded: Workspace) -> None:
    done = _apply(seeded, "--seed")
    assert "Run seed-users" in done.text or "seed-users" in done.text
    assert seeded.rows(ROWS) == [(1, "ann@x.io"), (2, None)]

    again = _apply(seeded, "--seed")
    assert "unchanged" in again.text
    assert not any(word in again.text for word in ("created", "updated", "replaced", "deleted")), again.text


def test_rows_of_a_profile_take_the_place_of_the_others(seeded: Workspace) -> None:
    _apply(seeded, "--seed")
    _apply(seeded, "--seed", "many")
    assert seeded.rows(ROWS) == [(each, f"m{each}@x.io") for each in range(1, 6)]


def test_without_the_option_no_rows_are_loaded_and_those_there_stay(seeded: Workspace) -> None:
    _apply(seeded)
    assert seeded.rows(ROWS) == []
    _apply(seeded, "--seed")
    _apply(seeded)
    assert seeded.rows(ROWS) == [(1, "ann@x.io"), (2, None)]
    assert "seed-users" not in seeded.run("stack", "--show-urns", "--stack", "dev").text


def test_a_profile_that_no_dataset_has_is_refused_with_the_nearest(seeded: Workspace) -> None:
    failed = seeded.dk("apply", "--yes", "--seed", "mny").failed()
    assert "there are no rows of the profile 'mny' in any DataSet's `dev.seed`" in failed.text
    assert "did you mean 'many'?" in failed.text


def test_an_environment_with_approval_refuses_rows_for_development(seeded: Workspace) -> None:
    seeded.replace("project/platform.yaml", "  deletion: retain", "  deletion: retain\n  approval: team")
    failed = seeded.dk("plan", "--seed").failed()
    assert "dev asks for approval: rows for development are not loaded there" in failed.text


def test_a_row_that_breaks_the_contract_is_not_loaded(seeded: Workspace) -> None:
    seeded.replace("project/users.yaml", "{id: 2}", "{id: 1}")
    failed = seeded.dk("apply", "--yes", "--seed").failed()
    assert "primary key" in failed.text
    assert seeded.rows(ROWS) == []


def _apply(workspace: Workspace, *arguments: str) -> Outcome:
    return workspace.dk("apply", "--yes", *arguments).ok()
