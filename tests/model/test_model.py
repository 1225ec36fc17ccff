"""Random edits of a small project, each followed by `up`, compared with a model of what the documents promise.

DATAKIT_MODEL_STEPS says how many edits are made, on each database: where it is not set, 100 on DuckDB and 30 on
Postgres. They are the same ones each time, unless DATAKIT_MODEL_SEED, a number, asks for others.
"""

from __future__ import annotations

import itertools
import os
from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.rules.columns import Columns
from tests.model.rules.files import Files
from tests.model.rules.places import Places
from tests.model.rules.stack import Stack
from tests.model.rules.transforms import Transforms
from tests.model.story import Story

STEPS: Final = {"duckdb": 100, "postgres": 30}
SEED: Final = int(os.environ.get("DATAKIT_MODEL_SEED", "0"))
LENGTH: Final = 20
"""Edits of one story, at most."""
STORIES: Final = 3
"""Stories from one seed, at most; the next seed follows."""


class Model(Files, Columns, Transforms, Places, Stack):
    """All rules."""


@pytest.mark.slow
@pytest.mark.parametrize("warehouse", ["duckdb", "postgres"], indirect=True)
def test_after_every_change_the_rows_are_right(begun: Story) -> None:
    steps = int(os.environ.get("DATAKIT_MODEL_STEPS", STEPS[begun.project.warehouse.type]))

    class Counted(Model):
        pass

    Counted.begun = begun
    chosen = settings(
        max_examples=STORIES,
        stateful_step_count=LENGTH,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    for number in itertools.count(SEED):
        run_state_machine_as_test(seed(number)(Counted), settings=chosen)
        if Counted.steps >= steps:
            break
